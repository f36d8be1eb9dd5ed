import json

MAX_LINE = 65_536


class Gone(Exception):
    """The other side has gone."""


def send_json(sock, obj):
    sock.sendall(json.dumps(obj).encode() + b"\n")  # <--


def recv_json(sock, buffer):
    while b"\n" not in buffer:
        if len(buffer) >= MAX_LINE:
            raise ValueError("line too long")
        data = sock.recv(4096)
        if not data:
            raise Gone
        buffer += data
    line, _, rest = buffer.partition(b"\n")
    buffer[:] = rest
    if len(line) >= MAX_LINE:
        raise ValueError("line too long")
    obj = json.loads(line.decode())
    if obj is not None and not isinstance(obj, dict):
        raise ValueError("not an object")
    return obj
