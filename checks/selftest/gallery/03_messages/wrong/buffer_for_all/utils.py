import json

MAX_LINE = 65536
buffer = bytearray()


def send_json(sock, obj):
    sock.sendall(json.dumps(obj).encode() + b"\n")


def recv_json(sock):
    while b"\n" not in buffer:
        if len(buffer) >= MAX_LINE:
            buffer.clear()
            raise ValueError("line too long")
        data = sock.recv(4096)  # <--
        if not data:
            return None
        buffer.extend(data)
    line, _, rest = bytes(buffer).partition(b"\n")
    buffer[:] = rest
    if len(line) >= MAX_LINE:
        raise ValueError("line too long")
    obj = json.loads(line.decode())
    if not isinstance(obj, dict):
        raise ValueError("not an object")
    return obj
