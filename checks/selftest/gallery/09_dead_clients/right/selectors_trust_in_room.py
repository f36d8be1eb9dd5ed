"""One thread and a selector, which sends only where there is room, as select() has said, and expects no BlockingIOError."""

import contextlib
import json
import selectors
import socket

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65_536

selector = selectors.DefaultSelector()
peers = set()


class Gone(Exception):
    pass


class Peer:
    def __init__(self, sock):
        self.sock, self.nick = sock, None
        self.incoming, self.outgoing = b"", b""
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ, self)
        peers.add(self)

    def send(self, **obj):
        self.outgoing += json.dumps(obj).encode() + b"\n"
        selector.modify(self.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, self)

    def flush(self):
        self.outgoing = self.outgoing[self.sock.send(self.outgoing):]
        if not self.outgoing:
            selector.modify(self.sock, selectors.EVENT_READ, self)

    def read(self):
        data = self.sock.recv(65_536)
        if not data:
            raise Gone
        *lines, self.incoming = (self.incoming + data).split(b"\n")
        for line in lines:
            if len(line) >= MAX_LINE:
                raise Gone
            self.obey(json.loads(line.decode()))
        if len(self.incoming) >= MAX_LINE:
            raise Gone

    def obey(self, obj):
        match obj:
            case {"type": "leave"}:
                raise Gone
            case {"type": "join", "user": str(user)} if self.nick is None and 1 <= len(user.strip()) <= 32 and all(peer.nick != user.strip() for peer in peers):
                self.nick = user.strip()
                to_members(type="system", text=f"{self.nick} is on the line")
            case {"type": "chat", "text": str(text)} if self.nick is not None:
                to_members(but=self, type="chat", user=self.nick, text=text)
            case dict():
                self.send(type="system", text="that is not possible")
            case _:
                raise Gone

    def close(self):
        peers.discard(self)
        selector.unregister(self.sock)
        with contextlib.suppress(OSError):
            self.sock.send(self.outgoing)  # the last words, if they go out at once
        self.sock.close()
        if self.nick is not None:
            to_members(type="system", text=f"{self.nick} has hung up")


def to_members(but=None, **obj):
    for peer in peers:
        if peer.nick is not None and peer is not but:
            peer.send(**obj)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        selector.register(listener, selectors.EVENT_READ)
        while True:
            for key, mask in selector.select():
                if key.fileobj is listener:
                    Peer(listener.accept()[0])
                    continue
                try:
                    if mask & selectors.EVENT_WRITE:
                        key.data.flush()
                    if mask & selectors.EVENT_READ:
                        key.data.read()
                except (Gone, OSError, ValueError, RecursionError):
                    key.data.close()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
