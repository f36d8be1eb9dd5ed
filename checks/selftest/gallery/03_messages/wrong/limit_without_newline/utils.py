"""Counts the line without its newline, so that 65,537 bytes pass.

fails: 03.3
says: mallory got
"""

import json

MAX_LINE = 65536


def send_json(sock, obj):
    sock.sendall(json.dumps(obj).encode() + b"\n")


def recv_json(sock, buffer):
    while b"\n" not in buffer:
        if len(buffer) > MAX_LINE:
            raise ValueError("line too long")
        data = sock.recv(4096)  # <--
        if not data:
            return None
        buffer += data
    line, _, rest = buffer.partition(b"\n")
    buffer[:] = rest
    if len(line) > MAX_LINE:
        raise ValueError("line too long")
    obj = json.loads(line.decode())
    if not isinstance(obj, dict):
        raise ValueError("not a JSON object")
    return obj
