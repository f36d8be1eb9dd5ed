"""One thread and a selector, no lock; the connection of one who has gone is closed when all was written to it."""

import contextlib
import json
import selectors
import socket

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65_536
READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE

selector = selectors.DefaultSelector()
members = {}  # nick -> Client


class Client:
    def __init__(self, sock):
        self.sock, self.nick, self.going = sock, None, False
        self.incoming, self.outgoing = b"", b""
        sock.setblocking(False)
        selector.register(sock, READ, self)

    def send(self, kind, **fields):
        self.outgoing += json.dumps({"type": kind, **fields}).encode() + b"\n"
        selector.modify(self.sock, WRITE if self.going else READ | WRITE, self)

    def on_writable(self):
        self.outgoing = self.outgoing[self.sock.send(self.outgoing):]
        if not self.outgoing:
            if self.going:
                self.close()
            else:
                selector.modify(self.sock, READ, self)

    def on_readable(self):
        data = self.sock.recv(65_536)
        *lines, self.incoming = (self.incoming + data).split(b"\n")
        for line in lines:
            if not self.going:
                self.on_line(line)
        if not data or len(self.incoming) >= MAX_LINE:
            self.leave()

    def on_line(self, line):
        obj = json.loads(line.decode()) if len(line) < MAX_LINE else None
        match obj:
            case {"type": "leave"}:
                self.leave()
            case {"type": "join", "user": str(user)} if self.nick is None and 1 <= len(user.strip()) <= 32:
                if members.setdefault(user.strip(), self) is self:
                    self.nick = user.strip()
                    to_all("system", text=f"{self.nick} appeared")
                else:
                    self.send("system", text=f"{user.strip()} is taken")
            case {"type": "chat", "text": str(text)} if self.nick is not None:
                to_all("chat", but=self, user=self.nick, text=text)
            case dict():
                self.send("system", text="refused")
            case _:
                self.leave()

    def leave(self):
        """No member any more, but what was sent to it still goes out."""
        if not self.going:
            self.going = True
            selector.modify(self.sock, WRITE, self)
            if self.nick is not None:
                del members[self.nick]
                to_all("system", text=f"{self.nick} disappeared")

    def close(self):
        self.leave()
        selector.unregister(self.sock)
        self.sock.close()


def to_all(kind, but=None, **fields):
    for member in members.values():
        if member is not but:
            member.send(kind, **fields)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        selector.register(listener, READ)
        while True:
            for key, events in selector.select():
                client = key.data
                if client is None:
                    Client(listener.accept()[0])
                    continue
                try:
                    if events & READ and not client.going:
                        client.on_readable()
                    if events & WRITE:
                        client.on_writable()
                except BlockingIOError:
                    pass
                except (ValueError, RecursionError):
                    client.leave()
                except OSError:
                    client.close()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
