"""Leaves the decoding to json.loads(), which takes more than UTF-8.

fails: 03.4
says: and not the end of the stream
"""

import json
MAX_LINE = 65536
def send_json(sock, obj):
    sock.sendall(json.dumps(obj).encode() + b"\n")  # <--
def recv_json(sock, buffer):
    while b"\n" not in buffer:
        if len(buffer) >= MAX_LINE:
            raise ValueError("line too long")
        data = sock.recv(4096)
        if not data:
            return None
        buffer += data
    i = buffer.index(b"\n")
    line = bytes(buffer[:i])
    del buffer[:i + 1]
    if i >= MAX_LINE:
        raise ValueError("line too long")
    obj = json.loads(line)
    if not isinstance(obj, dict):
        raise ValueError("no object")
    return obj
