"""A line that is too long is skipped and the connection goes on.

fails: 03.3
says: the server did not close mallory's connection
"""

import json

MAX_LINE = 65_536


def send_json(sock, obj):
    sock.sendall(json.dumps(obj).encode() + b"\n")


def recv_json(sock, buffer):
    too_long = False
    while True:
        while b"\n" not in buffer:
            if len(buffer) >= MAX_LINE:
                too_long = True
                buffer.clear()
            data = sock.recv(4096)  # <--
            if not data:
                return None
            buffer += data
        line, _, rest = buffer.partition(b"\n")
        buffer[:] = rest
        if too_long or len(line) >= MAX_LINE:
            too_long = False
            continue
        obj = json.loads(line.decode())
        if not isinstance(obj, dict):
            raise ValueError("not a JSON object")
        return obj
