"""Sends without blocking, and what does not fit is gone.

fails: 10.2 10.3 10.4
says: from alice did not come to bob
"""

import contextlib
import json
import selectors
import socket

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65_536
MOST = 2_000_000

selector = selectors.DefaultSelector()
room = {}  # nick -> Line


class Line:
    def __init__(self, sock):
        self.sock, self.nick = sock, None
        self.coming, self.going = bytearray(), bytearray()
        self.over = False
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ, self)

    def put(self, **obj):
        self.going += json.dumps(obj).encode() + b"\n"
        self.flush()
        if len(self.going) > MOST:
            self.hang_up()

    def flush(self):
        try:
            self.sock.send(self.going)
            self.going.clear()
        except BlockingIOError:
            self.going.clear()
        except OSError:
            self.hang_up()
        self.look_for()

    def look_for(self):
        if self.sock.fileno() >= 0:
            events = (0 if self.over else selectors.EVENT_READ) | (selectors.EVENT_WRITE if self.going else 0)
            if events:
                selector.modify(self.sock, events, self)
            else:
                self.close()

    def hang_up(self):
        self.going.clear()
        leaving.append(self)

    def close(self):
        selector.unregister(self.sock)
        self.sock.close()

    def read(self):
        data = self.sock.recv(65_536)
        self.coming += data
        while (end := self.coming.find(b"\n")) >= 0 and self not in leaving:
            line = bytes(self.coming[:end])
            del self.coming[:end + 1]
            self.obey(json.loads(line.decode()) if end < MAX_LINE else None)
        if not data or len(self.coming) >= MAX_LINE:
            leaving.append(self)

    def obey(self, obj):
        match obj:
            case {"type": "join", "user": str(user)} if self.nick is None and 1 <= len(user.strip()) <= 32:
                if room.setdefault(user.strip(), self) is self:
                    self.nick = user.strip()
                    put_all(type="system", text=f"line to {self.nick} open")
                else:
                    self.put(type="system", text="busy")
            case {"type": "chat", "text": str(text)} if self.nick is not None:
                put_all(but=self, type="chat", user=self.nick, text=text)
            case {"type": "leave"}:
                leaving.append(self)
            case dict():
                self.put(type="system", text="wrong number")
            case _:
                leaving.append(self)


leaving = []


def put_all(but=None, **obj):
    for line in list(room.values()):
        if line is not but:
            line.put(**obj)


def say_goodbye():
    while leaving:
        line = leaving.pop()
        if line.over:
            continue
        line.over = True
        if room.get(line.nick) is line:
            del room[line.nick]
            put_all(type="system", text=f"line to {line.nick} closed")
        line.look_for()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        selector.register(listener, selectors.EVENT_READ)
        while True:
            for key, events in selector.select():  # <--
                line = key.data
                if line is None:
                    Line(listener.accept()[0])
                    continue
                try:
                    if events & selectors.EVENT_WRITE:
                        line.flush()
                    if events & selectors.EVENT_READ and not line.over:
                        line.read()
                except (OSError, ValueError, RecursionError):
                    leaving.append(line)
                say_goodbye()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
