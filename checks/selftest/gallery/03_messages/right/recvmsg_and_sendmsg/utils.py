"""Receives by recvmsg(), and sends the message and its newline by one sendmsg() as far as that takes them."""

import json

MAX_LINE = 65_536


def send_json(sock, obj):
    data = json.dumps(obj, ensure_ascii=False).encode(errors="backslashreplace")
    sent = sock.sendmsg([data, b"\n"])
    sock.sendall((data + b"\n")[sent:])


def recv_json(sock, buffer):
    while b"\n" not in buffer:
        if len(buffer) >= MAX_LINE:
            raise ValueError("line too long")
        data, *_ = sock.recvmsg(4096)
        if not data:
            return None
        buffer += data
    line, _, rest = buffer.partition(b"\n")
    buffer[:] = rest
    if len(line) >= MAX_LINE:
        raise ValueError("line too long")
    try:
        obj = json.loads(line.decode())
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(obj, dict):
        raise ValueError("not a JSON object")
    return obj
