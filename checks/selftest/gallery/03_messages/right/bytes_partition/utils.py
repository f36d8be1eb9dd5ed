"""recv_json(sock, rest) returns the message and the new rest; a bad message counts as gone."""

from json import dumps, loads

GONE = None, b""


def send_json(sock, obj):
    data = bytes(dumps(obj) + "\n", "utf-8")
    while data:
        data = data[sock.send(data):]


def recv_json(sock, rest):
    line, newline, after = rest.partition(b"\n")
    while not newline:
        if len(rest) > 65_535:
            return GONE
        piece = sock.recv(1000)
        if piece == b"":
            return GONE
        rest += piece
        line, newline, after = rest.partition(b"\n")
    if len(line + newline) > 65_536:
        return GONE
    try:
        obj = loads(str(line, "utf-8"))
    except ValueError:
        return GONE
    return (obj, after) if type(obj) == dict else GONE
