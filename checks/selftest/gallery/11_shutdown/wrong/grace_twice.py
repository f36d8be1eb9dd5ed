"""Lesson 11: first the outboxes get their time, then the readers theirs, and each of these is in order.

fails: 11.2
says: the server still runs
With a member that does not read the two add up to more than two seconds.
"""

import selectors
import signal
import socket
import threading
import time

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090
MOST = 1_000_000
GRACE = 1.2


def shut(conn, how):
    try:
        conn.shutdown(how)
    except OSError:
        pass


class Link:
    """A connection's outgoing side."""

    def __init__(self, conn):
        self.conn = conn
        self.out = bytearray()
        self.last = None  # the moment after which nothing more is sent
        self.dead = False
        self.free = threading.Event()


class Writer(threading.Thread):
    def __init__(self):
        super().__init__(name="writer")
        self.lock = threading.Lock()
        self.links = set()
        self.over = False
        self.hear, self.knock = socket.socketpair()
        self.hear.setblocking(False)
        self.knock.setblocking(False)

    def poke(self):
        try:
            self.knock.send(b".")
        except BlockingIOError:
            pass

    def attach(self, link):
        with self.lock:
            self.links.add(link)

    def write(self, link, data):
        with self.lock:
            if link.dead:
                return
            if len(link.out) + len(data) > MOST:
                link.dead = True
                link.out.clear()
                shut(link.conn, socket.SHUT_RDWR)
            else:
                link.out += data
        self.poke()

    def detach(self, link):
        with self.lock:
            link.last = time.monotonic() + GRACE
        self.poke()
        link.free.wait()

    def end(self):
        with self.lock:
            self.over = True
            self.poke()  # under the lock: the writer closes the socket when it has seen it

    def run(self):
        with self.hear, self.knock, selectors.DefaultSelector() as selector:
            selector.register(self.hear, selectors.EVENT_READ)
            while True:
                with self.lock:
                    if self.over and not self.links:
                        return
                    now = time.monotonic()
                    done = {k for k in self.links if k.last is not None and (not k.out or k.last <= now)}
                    self.links -= done
                    busy = {k for k in self.links if k.out}
                    waits = [k.last - now for k in self.links if k.last is not None]
                known = {key.data for key in selector.get_map().values()} - {None}
                for link in known - busy:
                    selector.unregister(link.conn)
                for link in busy - known:
                    selector.register(link.conn, selectors.EVENT_WRITE, link)
                for link in done:
                    link.free.set()
                for key, _ in selector.select(max(0.001, min(waits)) if waits else None):
                    if key.data is None:
                        self.hear.recv(4096)
                    else:
                        self.send(key.data)

    def send(self, link):
        with self.lock:
            piece = bytes(link.out[:1 << 16])
        try:
            count = link.conn.send(piece, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            shut(link.conn, socket.SHUT_RDWR)
            with self.lock:
                link.dead = True
                link.out.clear()
            return
        with self.lock:
            del link.out[:count]


class Server:
    def __init__(self):
        self.lock = threading.Lock()
        self.links = {}  # link -> nick, or None for who has not joined
        self.stopping = False
        self.writer = Writer()

    def post(self, obj, but=None):
        data = encode(obj)
        for link, nick in self.links.items():
            if nick is not None and link is not but:
                self.writer.write(link, data)

    def reply(self, link, text):
        self.writer.write(link, encode({"type": "system", "text": text}))

    def client(self, conn):
        link = Link(conn)
        with self.lock:
            if self.stopping:
                conn.close()
                return
            self.links[link] = None
        self.writer.attach(link)
        try:
            self.talk(link)
        except (OSError, ValueError):
            pass
        with self.lock:
            nick = self.links.pop(link)
            if nick is not None and not self.stopping:
                self.post({"type": "system", "text": f"{nick} left"})
        self.writer.detach(link)
        conn.close()

    def talk(self, link):
        buffer = bytearray()
        while (obj := recv_json(link.conn, buffer)) is not None:
            with self.lock:
                if self.stopping:
                    return
                nick = self.links[link]
                match obj:
                    case {"type": "leave"}:
                        return
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        if user.strip() in self.links.values():
                            self.reply(link, f"{user.strip()} is taken")
                        else:
                            self.links[link] = user.strip()
                            self.post({"type": "system", "text": f"{user.strip()} joined"})
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        self.post({"type": "chat", "user": nick, "text": text}, but=link)
                    case _:
                        self.reply(link, "no")

    def stop(self):
        with self.lock:
            self.stopping = True
            self.post({"type": "system", "text": "closing down"})
            links = list(self.links)
        end = time.monotonic() + GRACE
        while any(link.out for link in links) and time.monotonic() < end:
            time.sleep(0.02)
        for link in links:
            shut(link.conn, socket.SHUT_RD)  # <-- only now does detach() begin to count

    def run(self):
        bell, ear = socket.socketpair()
        bell.setblocking(False)
        signal.signal(signal.SIGINT, lambda *_: None)
        signal.set_wakeup_fd(bell.fileno(), warn_on_full_buffer=False)
        self.writer.start()
        threads = []
        with bell, ear, socket.create_server((HOST, PORT)) as listener, selectors.DefaultSelector() as selector:
            listener.setblocking(False)
            selector.register(listener, selectors.EVENT_READ)
            selector.register(ear, selectors.EVENT_READ)
            while ear not in [key.fileobj for key, _ in selector.select()]:
                try:
                    conn, _ = listener.accept()
                except BlockingIOError:
                    continue
                conn.setblocking(True)
                threads = [t for t in threads if t.is_alive()]
                threads.append(threading.Thread(target=self.client, args=(conn,)))
                threads[-1].start()
            signal.set_wakeup_fd(-1)
        self.stop()
        for thread in threads:
            thread.join()  # <--
        self.writer.end()
        self.writer.join()


if __name__ == "__main__":
    Server().run()
