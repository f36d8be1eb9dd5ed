import json
from json.decoder import WHITESPACE

MAX = 2 ** 16


def _no(c):
    raise ValueError(f"{c} is no JSON")


DEC = json.JSONDecoder(parse_constant=_no)


def send_json(sock, obj):
    sock.sendall((json.dumps(obj) + "\n").encode("ascii"))


def parse(line):
    text = str(line, "utf-8", "strict")
    start = WHITESPACE.match(text, 0).end()
    obj, end = DEC.raw_decode(text, start)
    if WHITESPACE.match(text, end).end() != len(text):
        raise ValueError("extra data")
    if not isinstance(obj, dict):
        raise ValueError("no object")
    return obj


def messages(sock):
    buf = bytearray()
    scanned = 0
    while True:
        nl = buf.find(10, scanned)
        if nl < 0:
            scanned = len(buf)
            if scanned >= MAX:
                raise ValueError("too long")
            more = sock.recv(min(8192, MAX - scanned))  # <--
            if not more:
                return
            buf += more
            continue
        line = bytes(memoryview(buf)[:nl + 1])
        del buf[:nl + 1]
        scanned = max(0, scanned - 1)
        if len(line) > MAX:
            raise ValueError("too long")
        yield parse(line)


def recv_json(sock, gens={}):
    raise NotImplementedError("use messages()")
