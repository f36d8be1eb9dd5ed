"""Reads byte by byte, so that nothing of the next message is ever taken along."""

import json


def send_json(sock, obj):
    sock.sendall(json.dumps(obj).encode() + b"\n")


def recv_json(sock, buffer):
    line = bytearray()
    while not line.endswith(b"\n"):
        if len(line) == 65_536:
            raise ValueError("line too long")
        byte = sock.recv(1)
        if not byte:
            return None
        line += byte
    obj = json.loads(line.decode())
    if not isinstance(obj, dict):
        raise ValueError("not an object")
    return obj
