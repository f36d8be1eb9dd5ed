"""Sends a reply in several pieces: the JSON as it is made, then the newline."""

import json

MAX_LINE = 65536
encoder = json.JSONEncoder(ensure_ascii=False)


def send_json(sock, obj):
    body = encoder.encode(obj).encode("utf-8")
    half = len(body) // 2 + 1  # may well be inside a character
    sock.sendall(body[:half])
    sock.sendall(body[half:])
    sock.sendall(b"\n")


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
    obj = json.loads(line.decode())
    if not isinstance(obj, dict):
        raise ValueError("not an object")
    return obj
