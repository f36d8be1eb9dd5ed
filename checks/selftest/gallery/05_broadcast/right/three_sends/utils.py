import json
import threading

MAX_LINE = 65_536
sending = threading.Lock()  # or the pieces of two messages would mix


def send_json(sock, obj):
    data = json.dumps(obj).encode()
    half = len(data) // 2
    with sending:
        sock.sendall(data[:half])
        sock.sendall(data[half:])
        sock.sendall(b"\n")


def messages(sock):
    """The messages that arrive, until the other side has gone."""
    rest = b""
    while data := sock.recv(1024):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            if len(line) >= MAX_LINE:
                raise ValueError("too long")
            obj = json.loads(line.decode())
            if not isinstance(obj, dict):
                raise ValueError("no object")
            yield obj
        if len(rest) >= MAX_LINE:
            raise ValueError("too long")
