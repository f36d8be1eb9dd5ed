"""Reads byte by byte, so that nothing of the next message is ever taken along, and keeps the bytes in a list until the line is whole."""

import json


def send_json(sock, obj):
    sock.sendall(json.dumps(obj).encode() + b"\n")


def recv_json(sock, buffer):
    line = []
    while not line or line[-1] != b"\n":
        if len(line) == 65_536:
            raise ValueError("line too long")
        byte = sock.recv(1)
        if not byte:
            return None
        line.append(byte)
    obj = json.loads(b"".join(line).decode())
    if not isinstance(obj, dict):
        raise ValueError("not an object")
    return obj
