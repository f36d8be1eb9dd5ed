"""The writer hands the whole outbox to the system in one sendmsg(), and looks how far it got; the reader uses recv_into()."""

import collections
import json
import socket
import threading

HOST, PORT = "127.0.0.1", 9090
MAX = 65_536


def pack(**message):
    return json.dumps(message, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


class Closed(Exception):
    """The other side has gone, or what it sent is no message."""


class LineReader:
    __slots__ = ("sock", "room", "start", "end")

    def __init__(self, sock):
        self.sock = sock
        self.room = bytearray(2 * MAX)
        self.start = self.end = 0

    def __iter__(self):
        return self

    def __next__(self):
        seen = self.start
        while (at := self.room.find(b"\n", seen, self.end)) < 0:
            seen = self.end
            if self.end - self.start >= MAX:
                raise Closed("line too long")
            if len(self.room) - self.end < 4096:
                rest = self.room[self.start:self.end]
                self.room[:len(rest)] = rest
                seen -= self.start
                self.start, self.end = 0, len(rest)
            with memoryview(self.room) as view, view[self.end:self.end + 4096] as free:
                got = self.sock.recv_into(free)
            if got == 0:
                raise StopIteration
            self.end += got
        line = bytes(self.room[self.start:at])
        self.start = at + 1
        if len(line) >= MAX:
            raise Closed("line too long")
        message = json.loads(line.decode())
        if not isinstance(message, dict):
            raise Closed("no object")
        return message


class Gatherer(threading.Thread):
    BOUND = 1 << 20

    def __init__(self, sock):
        super().__init__(daemon=True)
        self.sock = sock
        self.pieces = collections.deque()
        self.bytes = 0
        self.sealed = False
        self.cond = threading.Condition()

    def add(self, piece):
        with self.cond:
            if self.bytes + len(piece) > self.BOUND:
                self.cut()
            elif not self.sealed:
                self.pieces.append(memoryview(piece))
                self.bytes += len(piece)
                self.cond.notify()

    def cut(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def run(self):
        while True:
            with self.cond:
                self.cond.wait_for(lambda: self.pieces or self.sealed)
                if not self.pieces:
                    return
                batch = [piece for piece, _ in zip(self.pieces, range(64))]
            try:
                sent = self.sock.sendmsg(batch)
            except OSError:
                self.cut()
                with self.cond:
                    self.pieces.clear()
                    self.sealed = True
                return
            with self.cond:
                self.bytes -= sent
                while sent:
                    first = self.pieces.popleft()
                    if sent < len(first):
                        self.pieces.appendleft(first[sent:])
                        break
                    sent -= len(first)

    def finish(self):
        with self.cond:
            self.sealed = True
            self.cond.notify()
        self.join(0.5)
        self.cut()
        self.join()


class Chat:
    def __init__(self):
        self.lock = threading.Lock()
        self.members = {}

    def tell(self, data, but=None):
        for nick, gatherer in self.members.items():
            if nick != but:
                gatherer.add(data)

    def client(self, sock):
        gatherer = Gatherer(sock)
        gatherer.start()
        nick = None
        try:
            for message in LineReader(sock):
                match message:
                    case {"type": "leave"}:
                        break
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        user = user.strip()
                        with self.lock:
                            if user not in self.members:
                                nick = user
                                self.members[nick] = gatherer
                                self.tell(pack(type="system", text=f"{nick} joined"))
                        if nick is None:
                            gatherer.add(pack(type="system", text=f"{user} is taken"))
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        with self.lock:
                            self.tell(pack(type="chat", user=nick, text=text), nick)
                    case _:
                        gatherer.add(pack(type="system", text="refused"))
        except (OSError, ValueError, RecursionError, Closed):
            pass
        finally:
            if nick is not None:
                with self.lock:
                    del self.members[nick]
                    self.tell(pack(type="system", text=f"{nick} left"))
            gatherer.finish()
            sock.close()


if __name__ == "__main__":
    chat = Chat()
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=chat.client, args=(sock,), daemon=True).start()
