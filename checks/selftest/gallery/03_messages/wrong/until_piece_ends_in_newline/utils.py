"""Reads until a piece happens to end in a newline and parses all of it as one message.

fails: 03.1 01.2 03.3
"""

import json

MAX_LINE = 65536


def send_json(sock, obj):
    sock.sendall((json.dumps(obj) + "\n").encode())


def recv_json(sock, buffer):
    while not buffer.endswith(b"\n"):
        if len(buffer) >= MAX_LINE:
            raise ValueError("too long")
        chunk = sock.recv(4096)  # <--
        if not chunk:
            return None
        buffer += chunk
    if len(buffer) > MAX_LINE:
        raise ValueError("too long")
    obj = json.loads(buffer.decode())
    buffer.clear()
    if not isinstance(obj, dict):
        raise ValueError("not an object")
    return obj
