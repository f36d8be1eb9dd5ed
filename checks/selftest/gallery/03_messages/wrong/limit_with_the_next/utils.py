"""Measures what stands in the buffer after each recv(), with the beginning of the next message.

fails: 03.3
says: the server closed alice's connection
"""

import json

MAX_LINE = 65_536


def send_json(sock, obj):
    sock.sendall(json.dumps(obj, ensure_ascii=False).encode(errors="backslashreplace") + b"\n")


def recv_json(sock, buffer):
    while b"\n" not in buffer:
        data = sock.recv(4096)
        if not data:
            return None
        buffer += data
        if len(buffer) > MAX_LINE:
            raise ValueError("line too long")  # <--
    line, _, rest = buffer.partition(b"\n")
    buffer[:] = rest
    try:
        obj = json.loads(line.decode())
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(obj, dict):
        raise ValueError("not a JSON object")
    return obj
