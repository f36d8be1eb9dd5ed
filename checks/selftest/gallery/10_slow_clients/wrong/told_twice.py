"""Who is cut off for its size is taken out by who found it, at once; two who find it together both tell.

fails: 10.2 09.2
says: walter got one more system message 'bob-
"""

import contextlib
import socket
import threading

from utils import encode, recv_json

HOST = "127.0.0.1"
PORT = 9090
MAX_REST = 1 << 21


class Line:
    """The way to one client."""

    def __init__(self, conn):
        self.conn = conn
        self.mutex = threading.Lock()
        self.more = threading.Condition(self.mutex)
        self.rest = []  # memoryviews and bytes that did not go out at once
        self.size = 0
        self.busy = False  # the writer has something in hand
        self.over = False
        self.drowned = None  # called when too much waits
        self.writer = threading.Thread(target=self.work, daemon=True)
        self.writer.start()

    def say(self, **fields):
        data = encode(fields)
        with self.mutex:
            if not self.rest and not self.busy:
                try:
                    data = data[self.conn.send(data, socket.MSG_DONTWAIT):]
                except BlockingIOError:
                    pass
                except OSError:
                    return self.cut()
            if not data:
                return
            full = self.size + len(data) > MAX_REST
            if not full:
                self.rest.append(data)
                self.size += len(data)
                self.more.notify()
        if full:
            self.cut()
            if self.drowned:
                self.drowned()

    def work(self):
        while True:
            with self.mutex:
                self.busy = False
                self.more.wait_for(lambda: self.rest or self.over)
                if not self.rest:
                    return
                pieces, self.rest, self.size, self.busy = self.rest, [], 0, True
            with contextlib.suppress(OSError):
                self.send_pieces(pieces)

    def send_pieces(self, pieces):
        while pieces:
            try:
                sent = self.conn.sendmsg(pieces[:64])
            except OSError:
                self.cut()
                raise
            while pieces and sent >= len(pieces[0]):
                sent -= len(pieces.pop(0))
            if sent:
                pieces[0] = memoryview(pieces[0])[sent:]

    def cut(self):
        with contextlib.suppress(OSError):
            self.conn.shutdown(socket.SHUT_RDWR)

    def end(self):
        with self.mutex:
            self.over = True
            self.more.notify()
        self.writer.join(0.5)
        self.cut()
        self.writer.join()


class Chat:
    def __init__(self):
        self.lines = {}  # nick -> Line
        self.guard = threading.Lock()

    def all_but(self, line=None):
        with self.guard:
            return [other for other in self.lines.values() if other is not line]

    def claim(self, nick, line):
        with self.guard:
            if nick in self.lines:
                return False
            self.lines[nick] = line
            return True

    @contextlib.contextmanager
    def membership(self, line):
        """Gives a list that is empty or holds the nick; takes it out at the end."""
        mine = []
        try:
            yield mine
        finally:
            line.drowned = None
            for nick in mine:
                self.take_out(nick, line)

    def take_out(self, nick, line):
        with self.guard:  # <--
            here = self.lines.get(nick) is line
        if here:
            with self.guard:
                self.lines.pop(nick, None)
            for other in self.all_but():
                other.say(type="system", text=f"{nick} is off")

    def talk(self, conn, line, mine):
        buffer = bytearray()
        while (obj := recv_json(conn, buffer)) is not None:
            match obj, mine:
                case {"type": "leave"}, _:
                    return
                case {"type": "chat", "text": str(text)}, [nick]:
                    for other in self.all_but(line):
                        other.say(type="chat", user=nick, text=text)
                case {"type": "join", "user": str(user)}, [] if 0 < len(nick := user.strip()) <= 32:
                    if self.claim(nick, line):
                        mine.append(nick)
                        line.drowned = lambda: self.take_out(nick, line)
                        for other in self.all_but():
                            other.say(type="system", text=f"{nick} is on")
                    else:
                        line.say(type="system", text=f"{nick} is on already; another one?")
                case {"type": "join", "user": str(user)}, [nick] if user.strip() == nick:
                    line.say(type="system", text=f"you are {nick}, I know")
                case _:
                    line.say(type="system", text="I do not understand")

    def client(self, conn):
        with conn:
            line = Line(conn)
            with contextlib.suppress(OSError, ValueError), self.membership(line) as mine:
                self.talk(conn, line, mine)
            line.end()


def main():
    chat = Chat()
    with socket.create_server((HOST, PORT), backlog=128) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=chat.client, args=[conn], daemon=True).start()


if __name__ == "__main__":
    main()
