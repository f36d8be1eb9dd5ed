"""Turns the escaped newlines of the reply back into real ones, to look nice in nc.

fails: 03.2
says: alice got a line that is not JSON
"""

import json


def send_json(sock, obj):
    line = json.dumps(obj, ensure_ascii=False)
    line = line.replace("\\n", "\n")
    sock.sendall(line.encode("utf-8") + b"\n")  # <--


def recv_json(sock, buffer):
    while b"\n" not in buffer:
        if len(buffer) >= 65536:
            raise ValueError("line too long")
        data = sock.recv(4096)
        if not data:
            return None
        buffer.extend(data)
    i = buffer.index(b"\n")
    line = buffer[:i].decode("utf-8")
    del buffer[:i + 1]
    if i + 1 > 65536:
        raise ValueError("line too long")
    obj = json.loads(line)
    if not isinstance(obj, dict):
        raise ValueError("no object")
    return obj
