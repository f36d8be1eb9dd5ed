"""Takes the size of its recv for the longest message there can be.

fails: 03.3 01.2
"""

import json

SIZE = 4096


def send_json(sock, obj):
    sock.sendall(json.dumps(obj).encode() + b"\n")


def recv_json(sock, buffer):
    while b"\n" not in buffer:
        if len(buffer) >= SIZE:
            raise ValueError("line too long")
        data = sock.recv(SIZE)  # <--
        if not data:
            return None
        buffer += data
    line, _, rest = buffer.partition(b"\n")
    buffer[:] = rest
    obj = json.loads(line.decode())
    if not isinstance(obj, dict):
        raise ValueError("not a JSON object")
    return obj
