"""Messages; an object ends where as many braces are closed as were opened, also those that stand in a text.

fails: 03.2
says: the server closed alice's connection after ValueError
"""

import json

MAX = 65_536


def send_json(sock, obj):
    sock.sendall((json.dumps(obj) + "\n").encode())


def end_of_object(line):
    """Where the object ends: behind the brace that closes the first."""
    depth = 0
    for place, byte in enumerate(line):
        if byte == ord("{"):
            depth += 1
        elif byte == ord("}"):
            depth -= 1
            if depth == 0:
                return place + 1
    return len(line)


def recv_json(sock, buffer):
    while b"\n" not in buffer:
        if len(buffer) >= MAX:
            raise ValueError("too long")
        data = sock.recv(4096)
        if not data:
            return None
        buffer += data
    end = buffer.index(b"\n") + 1
    if end > MAX:
        raise ValueError("too long")
    line = bytes(buffer[:end])
    del buffer[:end]
    cut = end_of_object(line)
    if line[cut:].strip():
        raise ValueError("something stands behind the object")  # <--
    try:
        obj = json.loads(line[:cut].decode())
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(obj, dict):
        raise ValueError("not an object")
    return obj
