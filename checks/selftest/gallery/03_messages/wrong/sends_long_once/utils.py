"""Sends a long message by one send(), of which the system may take a part only.

fails: 01.2
says: without a newline at its end
"""

import json

MAX_LINE = 65_536


def send_json(sock, obj):
    data = json.dumps(obj, ensure_ascii=False).encode(errors="backslashreplace") + b"\n"
    if len(data) < 4096:
        sock.sendall(data)
    else:
        sock.send(data)  # <--


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
    try:
        obj = json.loads(line.decode())
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(obj, dict):
        raise ValueError("not a JSON object")
    return obj
