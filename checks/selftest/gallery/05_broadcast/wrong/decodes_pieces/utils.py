import json

MAX_LINE = 65_536


def send_json(sock, obj):
    sock.sendall(json.dumps(obj).encode() + b"\n")


class Lines:
    """The messages that arrive on a socket."""

    def __init__(self, sock):
        self.sock = sock
        self.text = ""

    def next_message(self):
        while "\n" not in self.text:
            if len(self.text) > MAX_LINE:
                raise ValueError("line too long")
            data = self.sock.recv(4096)  # <--
            if not data:
                return None
            self.text += data.decode()
        line, self.text = self.text.split("\n", 1)
        if len(line.encode()) >= MAX_LINE:
            raise ValueError("line too long")
        obj = json.loads(line)
        if not isinstance(obj, dict):
            raise ValueError("not an object")
        return obj
