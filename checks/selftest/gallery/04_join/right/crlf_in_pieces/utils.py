"""Sends a message in small pieces and ends its lines with a carriage return and a newline."""

import json

MAX_LINE = 65_536


def send_json(sock, obj):
    data = json.dumps(obj, ensure_ascii=False).encode()
    for piece in data[:1], data[1:7], data[7:], b"\r", b"\n":
        sock.sendall(piece)


def recv_json(sock, buffer):
    while b"\n" not in buffer:
        if len(buffer) >= MAX_LINE:
            raise ValueError("line too long")
        data = sock.recv(4096)
        if not data:
            return None
        buffer += data
    line, _, rest = buffer.partition(b"\n")
    buffer[:] = rest
    if len(line) >= MAX_LINE:
        raise ValueError("line too long")
    obj = json.loads(line.decode())
    if not isinstance(obj, dict):
        raise ValueError("not an object")
    return obj
