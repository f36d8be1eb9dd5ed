"""Passes over an empty line.

fails: 03.4
says: the server did not close mallory's connection
"""

import json
MAX_LINE = 65536
def send_json(sock, obj):
    sock.sendall(json.dumps(obj).encode() + b"\n")
def recv_json(sock, buffer):
    while True:
        while b"\n" not in buffer:
            if len(buffer) >= MAX_LINE:
                raise ValueError("line too long")
            data = sock.recv(4096)  # <--
            if not data:
                return None
            buffer += data
        line, _, rest = bytes(buffer).partition(b"\n")
        buffer[:] = rest
        if len(line) >= MAX_LINE:
            raise ValueError("line too long")
        if line.strip() == b"":
            continue
        obj = json.loads(line.decode())
        if not isinstance(obj, dict):
            raise ValueError("no object")
        return obj
