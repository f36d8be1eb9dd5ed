"""Lesson 10: one writer thread for everybody, the postman, which polls and sends without ever waiting for one client."""

import select
import socket
import threading
import time
from dataclasses import dataclass, field

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090
LIMIT = 2_000_000  # bytes
GRACE = 1.0


def cut(conn):
    try:
        conn.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


@dataclass(eq=False)
class Box:
    conn: socket.socket
    data: bytearray = field(default_factory=bytearray)
    deadline: float | None = None  # set when the reader is through
    broken: bool = False
    released: threading.Event = field(default_factory=threading.Event)


class Postman(threading.Thread):
    def __init__(self):
        super().__init__(name="postman", daemon=True)
        self.mutex = threading.Lock()
        self.boxes = []
        self.ear, self.bell = socket.socketpair()
        self.ear.setblocking(False)
        self.bell.setblocking(False)

    def ring(self):
        try:
            self.bell.send(b"!")
        except BlockingIOError:
            pass  # it rings already

    def open(self, conn):
        box = Box(conn)
        with self.mutex:
            self.boxes.append(box)
        return box

    def put(self, box, data):
        with self.mutex:
            if box.broken:
                return
            if len(box.data) + len(data) > LIMIT:
                box.broken = True
                box.data.clear()
                cut(box.conn)
            else:
                box.data += data
        self.ring()

    def close(self, box):
        """Send what is left, for GRACE seconds at most; then the connection is the caller's alone."""
        with self.mutex:
            box.deadline = time.monotonic() + GRACE
        self.ring()
        box.released.wait()

    def plan(self):
        """Let go those that are through; return whom to send to, and how long to wait at most."""
        with self.mutex:
            now = time.monotonic()
            through = [box for box in self.boxes if box.deadline is not None and (not box.data or box.deadline <= now)]
            self.boxes = [box for box in self.boxes if box not in through]
            wanting = {box.conn.fileno(): box for box in self.boxes if box.data}
            ends = [box.deadline for box in self.boxes if box.deadline is not None]
        for box in through:
            box.released.set()
        return wanting, max(0.0, min(ends) - now) * 1000 + 1 if ends else None

    def deliver(self, box):
        with self.mutex:
            chunk = bytes(box.data[:32768])
        try:
            sent = box.conn.send(chunk, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            cut(box.conn)
            with self.mutex:
                box.broken = True
                box.data.clear()
            return
        with self.mutex:
            del box.data[:sent]

    def run(self):
        while True:
            wanting, timeout = self.plan()
            poll = select.poll()
            poll.register(self.ear, select.POLLIN)
            for fd in wanting:
                poll.register(fd, select.POLLOUT)
            for fd, _ in poll.poll(timeout):
                if fd == self.ear.fileno():
                    try:
                        self.ear.recv(4096)
                    except BlockingIOError:
                        pass
                else:
                    self.deliver(wanting[fd])


postman = Postman()
members = {}  # Box -> nick
lock = threading.Lock()


def tell(boxes, **message):
    data = encode(message)
    for box in boxes:
        postman.put(box, data)


def handle(conn):
    box = postman.open(conn)
    buffer = bytearray()
    nick = None
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            match obj:
                case {"type": "leave"}:
                    return
                case {"type": "join", "user": str(user)} if nick is None and 0 < len(user.strip()) < 33:
                    with lock:
                        if user.strip() in members.values():
                            tell([box], type="system", text=f"{user.strip()} is taken")
                        else:
                            nick = members[box] = user.strip()
                            tell(members, type="system", text=f"+ {nick}")
                case {"type": "chat", "text": str(text)} if nick is not None:
                    with lock:
                        tell([b for b in members if b is not box], type="chat", user=nick, text=text)
                case _:
                    tell([box], type="system", text="refused")
    except (OSError, ValueError):
        pass
    finally:
        with lock:
            if members.pop(box, None) is not None:
                tell(members, type="system", text=f"- {nick}")
        postman.close(box)
        conn.close()


def main():
    postman.start()
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
