"""Decodes each piece as it comes, before the line is whole.

fails: 03.1
says: the server closed alice's connection
"""

import json

MAX_LINE = 65_536


def send_json(sock, obj):
    sock.sendall(json.dumps(obj).encode() + b"\n")


def recv_json(sock, buffer):
    while b"\n" not in buffer:
        if len(buffer) >= MAX_LINE:
            raise ValueError("line too long")
        text = sock.recv(4096).decode("utf-8")  # <--
        if not text:
            return None
        buffer += text.encode("utf-8")
    line, _, rest = buffer.partition(b"\n")
    buffer[:] = rest
    if len(line) + 1 > MAX_LINE:
        raise ValueError("line too long")
    obj = json.loads(line.decode())
    if type(obj) is not dict:
        raise ValueError("not an object")
    return obj
