"""Knows no limit for a line, and keeps all of one that never ends.

fails: 03.3
says: mallory got
"""

import json


def send_json(sock, obj):
    sock.sendall(json.dumps(obj).encode() + b"\n")


def recv_json(sock, buffer):
    while b"\n" not in buffer:
        data = sock.recv(4096)  # <--
        if not data:
            return None
        buffer += data
    line, _, rest = buffer.partition(b"\n")
    buffer[:] = rest
    obj = json.loads(line.decode())
    if not isinstance(obj, dict):
        raise ValueError("not a JSON object")
    return obj
