"""The longest line that is allowed, newline included, is refused.

fails: 03.3
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
        data = sock.recv(4096)  # <--
        if not data:
            return None
        buffer += data
    end = buffer.index(b"\n") + 1
    if end >= MAX_LINE:
        raise ValueError("line too long")
    line = buffer[:end].decode()
    del buffer[:end]
    obj = json.loads(line)
    if not isinstance(obj, dict):
        raise ValueError("not a JSON object")
    return obj
