import json
import threading

MAX_LINE = 65_536  # bytes, with the newline

_sending = threading.Lock()


def send_json(sock, obj):
    """Send obj as one message; one at a time, so that none is mixed with another."""
    line = json.dumps(obj, ensure_ascii=False).encode() + b"\n"
    with _sending:  # <--
        sock.sendall(line)  # <--


def recv_json(sock, buffer):
    """Return the next message, or None when the other side has gone."""
    while b"\n" not in buffer:
        if len(buffer) >= MAX_LINE:
            raise ValueError("line too long")
        data = sock.recv(4096)
        if not data:
            return None
        buffer += data
    end = buffer.index(b"\n") + 1
    line = bytes(buffer[:end])
    del buffer[:end]
    if len(line) > MAX_LINE:
        raise ValueError("line too long")
    obj = json.loads(line.decode())
    if not isinstance(obj, dict):
        raise ValueError("not an object")
    return obj
