"""One thread for each client does both: a selector, a connection that never blocks, and an eventfd that rings when there is mail."""

import os
import selectors
import socket
import threading
import time

from utils import MAX_LINE, encode
import json

HOST, PORT = "127.0.0.1", 9090
BOUND = 1_000_000
GRACE = 0.7


class Hub:
    def __init__(self):
        self.lock = threading.Lock()
        self.clients = set()
        self.closed = False

    def tell(self, obj, but=None):
        """The lock is held."""
        if not self.closed:
            data = encode(obj)
            for client in self.clients:
                if client.nick is not None and client is not but:
                    client.post(data)

    def close(self):
        with self.lock:
            self.closed = True
            for client in self.clients:
                client.post(encode({"type": "system", "text": "the hub closes"}))
                client.ending = True


class Client(threading.Thread):
    def __init__(self, hub, conn):
        super().__init__()
        self.hub = hub
        self.conn = conn
        self.nick = None
        self.inbuf = bytearray()
        self.heard_all = False
        self.outbuf = bytearray()  # hub.lock guards it, and the next two
        self.overflow = False
        self.ending = False

    def post(self, data):
        """The hub's lock is held."""
        if len(self.outbuf) + len(data) > BOUND:
            self.overflow = True
        else:
            self.outbuf += data
        os.eventfd_write(self.bell, 1)

    def run(self):
        self.bell = os.eventfd(0, os.EFD_NONBLOCK)
        with self.hub.lock:
            welcome = not self.hub.closed
            if welcome:
                self.hub.clients.add(self)
        try:
            if welcome:
                self.conn.setblocking(False)
                self.loop()
        except OSError:
            pass
        finally:
            if welcome:
                self.forget()
            os.close(self.bell)
            self.conn.close()

    def forget(self):
        with self.hub.lock:
            if self in self.hub.clients:
                self.hub.clients.remove(self)
                if self.nick is not None:
                    self.hub.tell({"type": "system", "text": f"{self.nick} is gone"})

    def loop(self):
        deadline = None
        with selectors.DefaultSelector() as selector:
            selector.register(self.bell, selectors.EVENT_READ)
            selector.register(self.conn, selectors.EVENT_READ)
            while True:
                with self.hub.lock:
                    waiting, over, ending = len(self.outbuf), self.overflow, self.ending
                if over or ending and not waiting:
                    return
                if ending and deadline is None:
                    deadline = time.monotonic() + GRACE
                if deadline is not None and time.monotonic() >= deadline:
                    return
                wanted = (0 if self.heard_all else selectors.EVENT_READ) | (selectors.EVENT_WRITE if waiting else 0)
                if self.conn in selector.get_map():
                    selector.unregister(self.conn)
                if wanted:
                    selector.register(self.conn, wanted)
                for key, events in selector.select(None if deadline is None else max(0, deadline - time.monotonic())):
                    if key.fileobj == self.bell:
                        os.eventfd_read(self.bell)
                        continue
                    if events & selectors.EVENT_WRITE:
                        self.push()
                    if events & selectors.EVENT_READ and not self.pull():
                        self.heard_all = True
                        self.forget()  # announced now; what waits for it is still sent
                        with self.hub.lock:
                            self.ending = True

    def push(self):
        with self.hub.lock:
            chunk = bytes(self.outbuf[:65536])
        try:
            sent = self.conn.send(chunk)
        except BlockingIOError:
            return
        with self.hub.lock:
            del self.outbuf[:sent]

    def pull(self):
        """False when the client has gone, has left, or has sent what is no message."""
        try:
            data = self.conn.recv(65536)
        except BlockingIOError:
            return True
        if not data:
            return False
        self.inbuf += data
        while (end := self.inbuf.find(b"\n")) >= 0:
            line = bytes(self.inbuf[:end])
            del self.inbuf[:end + 1]
            if len(line) >= MAX_LINE:
                return False
            try:
                obj = json.loads(line.decode())
            except (ValueError, RecursionError):
                return False
            if not isinstance(obj, dict) or obj.get("type") == "leave":
                return False
            with self.hub.lock:
                if not self.ending:
                    self.obey(obj)
        return len(self.inbuf) < MAX_LINE

    def obey(self, obj):
        match obj:
            case {"type": "join", "user": str(user)} if self.nick is None and 1 <= len(user.strip()) <= 32:
                user = user.strip()
                if any(other.nick == user for other in self.hub.clients):
                    self.post(encode({"type": "system", "text": f"{user} exists"}))
                else:
                    self.nick = user
                    self.hub.tell({"type": "system", "text": f"{user} is new"})
            case {"type": "chat", "text": str(text)} if self.nick is not None:
                self.hub.tell({"type": "chat", "user": self.nick, "text": text}, self)
            case _:
                self.post(encode({"type": "system", "text": "that does not work"}))


def main():
    hub = Hub()
    try:
        with socket.create_server((HOST, PORT)) as listener:
            listener.settimeout(0.5)
            while True:
                try:
                    conn, _ = listener.accept()
                except TimeoutError:
                    continue
                Client(hub, conn).start()
    except KeyboardInterrupt:
        pass
    finally:
        hub.close()


if __name__ == "__main__":
    main()
