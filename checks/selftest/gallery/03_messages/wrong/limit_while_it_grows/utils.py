"""The length is looked at before each recv() alone, and not when the newline has come with the piece that makes the line too long.

fails: 03.3
says: mallory got
"""

import json

MAX_LINE = 65_536


def send_json(sock, obj):
    sock.sendall(json.dumps(obj).encode() + b"\n")


def recv_json(sock, buffer):
    while b"\n" not in buffer:  # <--
        if len(buffer) >= MAX_LINE:
            raise ValueError("line too long")
        data = sock.recv(4096)  # <--
        if not data:
            return None
        buffer += data
    line, _, rest = buffer.partition(b"\n")
    buffer[:] = rest
    try:
        obj = json.loads(line.decode())
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(obj, dict):
        raise ValueError("not a JSON object")
    return obj
