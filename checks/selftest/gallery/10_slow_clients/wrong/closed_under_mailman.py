"""A client that leaves is closed after 0.3 s, the mailman tries for 0.5 s: for one that is stalled it meets a closed connection, and dies.

fails: 10.5
says: a thread of server.py died of ValueError
"""

import select
import socket
import threading
import time

from utils import encode, recv_json

LIMIT = 1_500_000


def news(text):
    return encode({"type": "system", "text": text})


def end(conn):
    try:
        conn.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class Box:
    """What one client is still to get. Guarded by the mailman's lock."""

    def __init__(self, conn):
        self.conn = conn
        self.data = bytearray()
        self.until = None  # when it is closed at the latest; None: is in use
        self.gone = threading.Event()


class Mailman(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.lock = threading.Lock()
        self.todo = set()  # boxes with something to send, or to close
        self.ear, self.bell = socket.socketpair()
        self.bell.setblocking(False)

    def ring(self):
        try:
            self.bell.send(b".")
        except BlockingIOError:
            pass

    def post(self, box, data):
        with self.lock:
            if box.until is not None:
                return
            if len(box.data) + len(data) > LIMIT:
                end(box.conn)
                return
            box.data += data
            self.todo.add(box)
        self.ring()

    def close(self, box):
        """The reader is through: let the rest out, and wait for that."""
        with self.lock:
            box.until = time.monotonic() + 0.5
            self.todo.add(box)
        self.ring()
        box.gone.wait(0.3)

    def deliver(self, box):
        """Send what the system takes now."""
        with self.lock:
            piece = bytes(box.data[:100_000])
        try:
            sent = box.conn.send(piece, socket.MSG_DONTWAIT) if piece else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            sent = len(piece)
            end(box.conn)
        with self.lock:
            del box.data[:sent]

    def tidy(self):
        """Forget the boxes that need nothing; return the others, and how long to sleep at most."""
        with self.lock:
            for box in list(self.todo):
                if box.until is not None and (not box.data or time.monotonic() > box.until):
                    box.gone.set()
                    self.todo.discard(box)
                elif box.until is None and not box.data:
                    self.todo.discard(box)
            return list(self.todo), 50 if any(box.until for box in self.todo) else None

    def run(self):
        while True:
            boxes, nap = self.tidy()
            poll = select.poll()
            poll.register(self.ear, select.POLLIN)
            for box in boxes:
                poll.register(box.conn, select.POLLOUT)  # <--
            ready = dict(poll.poll(nap))
            if self.ear.fileno() in ready:
                self.ear.recv(65536)
            for box in boxes:
                if box.conn.fileno() in ready:
                    self.deliver(box)


mailman = Mailman()
registry = {}  # nick -> Box
registry_lock = threading.Lock()


def publish(data, but=None):
    with registry_lock:
        boxes = [box for box in registry.values() if box is not but]
    for box in boxes:
        mailman.post(box, data)


def converse(conn, box):
    """Yields the nick once it is known."""
    nick, buffer = None, bytearray()
    while (obj := recv_json(conn, buffer)) is not None:
        kind, user, text = map(obj.get, ("type", "user", "text"))
        if kind == "leave":
            return
        elif kind == "join" and nick is None and isinstance(user, str) and 1 <= len(user.strip()) <= 32:
            with registry_lock:
                if registry.setdefault(user.strip(), box) is box:
                    nick = user.strip()
            if nick is None:
                mailman.post(box, news(f"no: {user.strip()} is here already"))
            else:
                yield nick
                publish(news(f"{nick} has come in"))
        elif kind == "chat" and nick is not None and isinstance(text, str):
            publish(encode({"type": "chat", "user": nick, "text": text}), but=box)
        else:
            mailman.post(box, news("no"))


def attend(conn):
    box, nick = Box(conn), None
    with conn:
        try:
            for nick in converse(conn, box):
                pass
        except (OSError, ValueError):
            pass
        if nick is not None:
            with registry_lock:
                del registry[nick]
            publish(news(f"{nick} has gone out"))
        mailman.close(box)


if __name__ == "__main__":
    mailman.start()
    with socket.create_server(("127.0.0.1", 9090), backlog=300) as server:
        while True:
            threading.Thread(target=attend, args=(server.accept()[0],), daemon=True).start()
