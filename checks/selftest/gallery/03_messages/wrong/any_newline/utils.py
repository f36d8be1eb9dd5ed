"""Messages on a stream."""
import json
import re

MAX_LINE = 65_536
NEWLINE = re.compile(rb"\r\n|\n|\r")


def send_json(sock, obj):
    sock.sendall(json.dumps(obj).encode() + b"\n")


def recv_json(sock, buffer):
    while not (found := NEWLINE.search(buffer)):
        if len(buffer) >= MAX_LINE:
            raise ValueError("line too long")
        data = sock.recv(4096)  # <--
        if not data:
            return None
        buffer += data
    line = bytes(buffer[:found.start()])
    length = found.end()
    del found
    del buffer[:length]
    if length > MAX_LINE:
        raise ValueError("line too long")
    try:
        obj = json.loads(line.decode("utf-8"))
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(obj, dict):
        raise ValueError("not an object")
    return obj
