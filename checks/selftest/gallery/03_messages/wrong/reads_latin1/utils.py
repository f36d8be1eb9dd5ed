"""Decodes the line as Latin-1, which never fails and makes two letters of each Russian one.

fails: 03.2 03.1 03.3 03.4
says: alice got another message
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
    end = buffer.index(b"\n") + 1
    line = buffer[:end].decode("latin-1")
    del buffer[:end]
    if end > MAX_LINE:
        raise ValueError("line too long")
    obj = json.loads(line)
    if not isinstance(obj, dict):
        raise ValueError("not an object")
    return obj
