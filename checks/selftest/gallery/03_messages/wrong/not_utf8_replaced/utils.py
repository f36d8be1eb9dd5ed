"""Replaces bytes that are not UTF-8 instead of ending the connection.

fails: 03.4
says: mallory got
"""

import json

MAX_LINE = 65_536


def send_json(sock, obj):
    sock.sendall(json.dumps(obj).encode() + b"\n")  # <--


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
    obj = json.loads(line.decode("utf-8", errors="replace"))
    if not isinstance(obj, dict):
        raise ValueError("not an object")
    return obj
