"""The grace begins anew with each byte that goes: a member that reads a little now and then holds the server up for as long as it likes.

fails: 11.2
says: the server still runs
"""

import json
import select
import socket
import threading
import time

from utils import encode

HOST, PORT = "127.0.0.1", 9090
LIMIT = 600_000
LONGEST = 65_536

lock = threading.Lock()
members = {}  # nick -> Session
sessions = set()  # all that run, guarded by the lock, too
stopping = False


def system(text):
    return encode({"type": "system", "text": text})


class Session(threading.Thread):
    """One client, one thread: it waits for what comes, for room to send, and for others who have something for it."""

    def __init__(self, conn):
        super().__init__()
        conn.setblocking(False)
        self.conn = conn
        self.ear, self.mouth = socket.socketpair()
        self.ear.setblocking(False)
        self.mouth.setblocking(False)
        self.guard = threading.Lock()  # for the next two
        self.out = bytearray()
        self.doomed = False
        self.seen = bytearray()
        self.nick = None

    def add(self, data):
        with self.guard:
            if len(self.out) + len(data) > LIMIT:
                self.doomed = True
            else:
                self.out += data
        self.nudge()

    def nudge(self):
        try:
            self.mouth.send(b".")
        except BlockingIOError:
            pass  # it has not yet looked: it will

    def flush(self):
        with self.guard:
            while self.out:
                try:
                    sent = self.conn.send(self.out)
                except BlockingIOError:
                    return
                del self.out[:sent]

    def run(self):
        with self.conn, self.ear, self.mouth:
            try:
                while self.turn():
                    pass
            except (OSError, ValueError):
                pass
            finally:
                self.part()
                self.drain(0.8)
                self.linger(0.3)
                with lock:
                    sessions.discard(self)

    def turn(self):
        poll = select.poll()
        poll.register(self.ear, select.POLLIN)
        with self.guard:
            full = bool(self.out)
        poll.register(self.conn, select.POLLIN | (select.POLLOUT if full else 0))
        ready = dict(poll.poll())
        if self.ear.fileno() in ready:
            self.ear.recv(4096)
        if self.doomed or stopping:
            return False
        self.flush()
        if ready.get(self.conn.fileno(), 0) & ~select.POLLOUT:
            data = self.conn.recv(16384)
            return bool(data) and self.feed(data)
        return True

    def feed(self, data):
        self.seen += data
        while (end := self.seen.find(b"\n") + 1) > 0:
            line = bytes(self.seen[:end])
            del self.seen[:end]
            if len(line) > LONGEST:
                raise ValueError("too long")
            try:
                obj = json.loads(line.decode())
            except RecursionError:
                raise ValueError("too deep") from None
            if not isinstance(obj, dict):
                raise ValueError("no object")
            if obj.get("type") == "leave":
                return False
            self.obey(obj)
        if len(self.seen) >= LONGEST:
            raise ValueError("too long")
        return True

    def obey(self, obj):
        match obj:
            case {"type": "join", "user": str(user)} if self.nick is None and 1 <= len(user.strip()) <= 32:
                user = user.strip()
                with lock:
                    if user not in members and not stopping:
                        members[user] = self
                        self.nick = user
                        tell(system(f"{user} joins us"))
                if self.nick is None:
                    self.add(system(f"{user}? There is one already"))
            case {"type": "chat", "text": str(text)} if self.nick is not None:
                with lock:
                    tell(encode({"type": "chat", "user": self.nick, "text": text}), but=self)
            case _:
                self.add(system("sorry?"))

    def part(self):
        with lock:
            if members.pop(self.nick, None) is not None:
                tell(system(f"{self.nick} leaves us"))

    def drain(self, seconds):
        """Send the rest, if that can be done in so many seconds."""
        until = time.monotonic() + seconds
        try:
            self.flush()
            while self.out and not self.doomed and (left := until - time.monotonic()) > 0:
                before = len(self.out)
                select.select([], [self.conn], [], left)  # <--
                self.flush()
                if len(self.out) < before:
                    until = time.monotonic() + seconds
        except (OSError, ValueError):
            pass


    def linger(self, seconds):
        """Close our side, and read on until the other one has closed, too: or a reset might destroy what is under way."""
        until = time.monotonic() + seconds
        try:
            self.conn.shutdown(socket.SHUT_WR)
            while (left := until - time.monotonic()) > 0:
                ready, _, _ = select.select([self.conn], [], [], left)
                if ready and not self.conn.recv(65536):
                    return
        except (OSError, ValueError):
            pass


def tell(data, but=None):
    """Hold the lock."""
    for session in members.values():
        if session is not but:
            session.add(data)


def main():
    global stopping
    try:
        with socket.create_server((HOST, PORT), backlog=100) as listener:
            while True:
                conn, _ = listener.accept()
                session = Session(conn)
                with lock:
                    sessions.add(session)
                session.start()
    except KeyboardInterrupt:
        pass
    finally:
        with lock:
            for session in sessions:
                session.add(system("that was it, the server ends"))
            members.clear()
            stopping = True
            for session in sessions:
                session.nudge()


if __name__ == "__main__":
    main()
