"""Messages on a stream, one JSON object on a line; here a message is encoded once for all who get it."""

import json

MAX_LINE = 65_536


def encode(obj):
    """Return obj as bytes to be sent; plain ASCII, so that it never fails."""
    return json.dumps(obj).encode("ascii") + b"\n"


class Reader:
    """Iterate over the messages that come from a socket. Raises ValueError for what is no message."""

    def __init__(self, sock):
        self.file = sock.makefile("rb")

    def __iter__(self):
        return self

    def __next__(self):
        line = self.file.readline(MAX_LINE + 1)
        if len(line) > MAX_LINE:
            raise ValueError("line too long")
        if not line.endswith(b"\n"):
            raise StopIteration
        obj = json.loads(line.decode())
        if not isinstance(obj, dict):
            raise ValueError("not an object")
        return obj

    def close(self):
        self.file.close()
