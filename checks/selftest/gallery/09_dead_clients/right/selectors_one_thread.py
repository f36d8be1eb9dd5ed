"""One thread and a selector: who is dead is noted, and cleaned up after the round, one after another."""

import contextlib
import json
import selectors
import socket

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65_536
READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE

selector = selectors.DefaultSelector()
nicks = {}  # Peer -> nick
ended = []  # peers with whom it is over


class Peer:
    def __init__(self, sock):
        self.sock, self.going = sock, False
        self.incoming, self.outgoing = b"", b""
        sock.setblocking(False)
        selector.register(sock, READ, self)

    def send(self, **obj):
        self.outgoing += json.dumps(obj).encode() + b"\n"
        self.flush()

    def flush(self):
        try:
            self.outgoing = self.outgoing[self.sock.send(self.outgoing):]
        except BlockingIOError:
            pass
        except OSError:
            self.outgoing = b""
            ended.append(self)
        if not self.going:
            selector.modify(self.sock, READ | WRITE if self.outgoing else READ, self)
        elif not self.outgoing:
            self.close()

    def close(self):
        if self.sock.fileno() >= 0:
            selector.unregister(self.sock)
            self.sock.close()

    def read(self):
        data = self.sock.recv(65_536)
        *lines, self.incoming = (self.incoming + data).split(b"\n")
        for line in lines:
            if self in ended:
                return
            self.obey(json.loads(line.decode()) if len(line) < MAX_LINE else None)
        if not data or len(self.incoming) >= MAX_LINE:
            ended.append(self)

    def obey(self, obj):
        match obj:
            case {"type": "join", "user": str(user)} if self not in nicks and 1 <= len(user.strip()) <= 32:
                if user.strip() in nicks.values():
                    self.send(type="system", text=f"{user.strip()} is on the wire")
                else:
                    nicks[self] = user.strip()
                    to_all(type="system", text=f"{nicks[self]} is on the wire now")
            case {"type": "chat", "text": str(text)} if self in nicks:
                to_all(but=self, type="chat", user=nicks[self], text=text)
            case dict() if obj.get("type") != "leave":
                self.send(type="system", text="wrong plug")
            case _:
                ended.append(self)


def to_all(but=None, **obj):
    for peer in nicks:
        if peer is not but:
            peer.send(**obj)


def clean_up():
    for peer in ended:  # which grows, when others are found dead by the announcement
        if peer.going:
            continue
        peer.going = True
        nick = nicks.pop(peer, None)
        if peer.outgoing:
            selector.modify(peer.sock, WRITE, peer)  # closed when all was written
        else:
            peer.close()
        if nick is not None:
            to_all(type="system", text=f"{nick} is off the wire")
    ended.clear()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        selector.register(listener, READ)
        while True:
            for key, events in selector.select():
                if key.data is None:
                    Peer(listener.accept()[0])
                    continue
                try:
                    if events & WRITE:
                        key.data.flush()
                    if events & READ and key.data not in ended and not key.data.going:
                        key.data.read()
                except (OSError, ValueError, RecursionError):
                    ended.append(key.data)
            clean_up()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
