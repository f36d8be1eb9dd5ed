"""One thread with buffers, which drops each client with a reset.

fails: 11.1
says: connection ended with a reset, not with the end of the stream
"""

import json
import selectors
import socket
import struct
import time

HOST, PORT = "127.0.0.1", 9090
MAX_LINE, MAX_WAITING = 65_536, 1 << 20

selector = selectors.DefaultSelector()
peers = set()


class Peer:
    def __init__(self, sock):
        self.sock, self.nick, self.got, self.out, self.last_words = sock, None, bytearray(), bytearray(), False
        sock.setblocking(False)
        peers.add(self)
        selector.register(sock, selectors.EVENT_READ, self)

    def tell(self, **obj):
        if self.last_words:
            return
        self.out += json.dumps(obj).encode() + b"\n"
        if len(self.out) > MAX_WAITING:
            self.drop()
        else:
            self.flush()

    def flush(self):
        try:
            while self.out:
                del self.out[:self.sock.send(self.out)]
        except BlockingIOError:
            pass
        except OSError:
            return self.drop()
        if self.last_words and not self.out:
            return self.drop()
        events = (selectors.EVENT_WRITE if self.out else 0) | (0 if self.last_words else selectors.EVENT_READ)
        if self in peers:
            selector.modify(self.sock, events, self)

    def says_no_more(self):
        self.last_words = True
        self.flush()

    def drop(self):
        if self in peers:
            peers.discard(self)
            selector.unregister(self.sock)
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.sock.close()  # <--
            self.left()

    def left(self):
        nick, self.nick = self.nick, None
        if nick is not None:
            for other in members():
                other.tell(type="system", text=f"{nick} left")

    def read(self):
        try:
            data = self.sock.recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            return self.drop()
        self.got += data
        while not self.last_words and b"\n" in self.got:
            end = self.got.index(b"\n") + 1
            line = bytes(self.got[:end])
            del self.got[:end]
            if len(line) > MAX_LINE or not self.handle(line):
                return self.bye()
        if not data or len(self.got) >= MAX_LINE:
            self.bye()

    def bye(self):
        if self in peers and not self.last_words:
            self.left()
            self.says_no_more()

    def handle(self, line):
        try:
            obj = json.loads(line.decode())
        except (ValueError, RecursionError):
            return False
        if not isinstance(obj, dict) or obj.get("type") == "leave":
            return False
        user, text = obj.get("user"), obj.get("text")
        if obj.get("type") == "join" and self.nick is None and isinstance(user, str) and 1 <= len(user.strip()) <= 32:
            if any(user.strip() == other.nick for other in members()):
                self.tell(type="system", text=f"{user.strip()} is here")
            else:
                self.nick = user.strip()
                for other in members():
                    other.tell(type="system", text=f"{self.nick} joined")
        elif obj.get("type") == "chat" and self.nick is not None and isinstance(text, str):
            for other in members():
                if other is not self:
                    other.tell(type="chat", user=self.nick, text=text)
        else:
            self.tell(type="system", text="pardon?")
        return True


def members():
    return [peer for peer in list(peers) if peer.nick is not None]


def turn(timeout):
    for key, events in selector.select(timeout):
        if key.data is None:
            Peer(key.fileobj.accept()[0])
        elif key.data in peers and events & selectors.EVENT_WRITE:
            key.data.flush()
        elif key.data in peers:
            key.data.read()


def main():
    listener = socket.create_server((HOST, PORT), backlog=100)
    selector.register(listener, selectors.EVENT_READ)
    try:
        while True:
            turn(None)
    except KeyboardInterrupt:
        pass
    selector.unregister(listener)
    listener.close()
    for peer in list(peers):
        peer.tell(type="system", text="the end")
    for peer in list(peers):
        peer.nick = None
        peer.says_no_more()
    end = time.monotonic() + 1
    while peers and time.monotonic() < end:
        turn(end - time.monotonic())
    for peer in list(peers):
        peer.drop()


if __name__ == "__main__":
    main()
