"""Looks for the end of the stream only between lines; inside one it spins for ever.

fails: 03.5
says: the server did not close alice's connection
"""

import json

MAX_LINE = 65_536


def send_json(sock, obj):
    sock.sendall(json.dumps(obj).encode() + b"\n")


def recv_json(sock, buffer):
    if not buffer:
        data = sock.recv(4096)
        if not data:
            return None
        buffer += data
    while b"\n" not in buffer:
        if len(buffer) >= MAX_LINE:
            raise ValueError("line too long")
        buffer += sock.recv(4096)  # <--
    line, _, rest = buffer.partition(b"\n")
    buffer[:] = rest
    if len(line) >= MAX_LINE:
        raise ValueError("line too long")
    obj = json.loads(line.decode())
    if not isinstance(obj, dict):
        raise ValueError("not an object")
    return obj
