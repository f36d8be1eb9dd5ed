"""Sends the reply unescaped in Latin-1 instead of UTF-8.

fails: 03.2 03.1 03.3
says: alice got another message
"""

import json

MAX_LINE = 65_536
ENCODING = "latin-1"


def send_json(sock, obj):
    text = json.dumps(obj, ensure_ascii=False) + "\n"
    sock.sendall(text.encode(ENCODING, errors="replace"))  # <--


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
