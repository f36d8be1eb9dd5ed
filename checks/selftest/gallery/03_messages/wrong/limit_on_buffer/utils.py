"""Takes all that is waiting and applies the limit of a line to it, many short lines or not.

fails: 03.3 01.2
says: the server closed alice's connection
"""

import json
import select

MAX_LINE = 65_536


def send_json(sock, obj):
    sock.sendall(json.dumps(obj).encode() + b"\n")


def is_readable(sock):
    return bool(select.select([sock], [], [], 0)[0])


def recv_json(sock, buffer):
    while b"\n" not in buffer or is_readable(sock):
        data = sock.recv(65_536)  # <--
        if not data:
            break
        buffer += data
        if len(buffer) > MAX_LINE:
            raise ValueError("line too long")
    if b"\n" not in buffer:
        return None
    line, _, rest = buffer.partition(b"\n")
    buffer[:] = rest
    obj = json.loads(line.decode())
    if not isinstance(obj, dict):
        raise ValueError("not a JSON object")
    return obj
