"""Only members' connections are ended on Ctrl-C, and those that never said a word; not one whose join was refused.

fails: 11.2 11.1
says: the server still runs after Ctrl-C
"""

import queue
import signal
import socket
import threading

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090
KEPT = 1000  # messages for one client
GONE = object()
NEW, STOP = object(), object()  # letters to the hub


class Post:
    """One client: its two threads and its outbox."""

    def __init__(self, conn, hub):
        self.conn, self.hub = conn, hub
        self.nick = None  # only the hub's thread looks at it
        self.outbox = queue.Queue(KEPT)
        self.out = threading.Thread(target=self.write)
        self.reader = threading.Thread(target=self.read)

    def start(self):
        self.reader.start()

    def give(self, obj):
        try:
            self.outbox.put_nowait(encode(obj))
        except queue.Full:
            self.hang_up()

    def hang_up(self, how=socket.SHUT_RDWR):
        try:
            self.conn.shutdown(how)
        except OSError:
            pass

    def read(self):
        buffer = bytearray()
        self.out.start()
        with self.conn:
            try:
                while (obj := recv_json(self.conn, buffer)) is not None and obj.get("type") != "leave":
                    self.hub.inbox.put((self, obj))
            except (OSError, ValueError):
                pass
            farewell = threading.Event()
            self.hub.inbox.put((self, farewell))
            farewell.wait()  # from now on the hub gives nothing more
            try:
                self.outbox.put(GONE, timeout=0.3)
            except queue.Full:
                self.hang_up()
                self.outbox.put(GONE)
            self.out.join(0.3)
            self.hang_up()
            self.out.join()

    def write(self):
        while (data := self.outbox.get()) is not GONE:
            try:
                self.conn.sendall(data)
            except OSError:
                self.hang_up()


class Hub(threading.Thread):
    def __init__(self):
        super().__init__()
        self.inbox = queue.Queue(500)
        self.posts = set()  # whoever is connected
        self.refused = set()  # are asked to try again
        self.room = {}  # nick -> Post
        self.key = threading.Lock()

    def run(self):
        stopping = False
        while self.posts or not stopping:
            post, letter = self.inbox.get()
            with self.key:
                if letter is NEW:
                    self.posts.add(post)
                elif letter is STOP:
                    stopping = True
                    self.stop()
                elif isinstance(letter, threading.Event):
                    self.gone(post)
                    letter.set()
                elif not stopping:
                    getattr(self, f"on_{letter.get('type')}", self.on_other)(post, letter)

    def all(self, obj, but=None):
        for post in self.room.values():
            if post is not but:
                post.give(obj)

    def stop(self):
        self.all({"type": "system", "text": "the station closes down"})
        self.room.clear()
        for post in self.posts - self.refused:
            post.hang_up(socket.SHUT_RD)

    def gone(self, post):
        self.posts.discard(post)
        self.refused.discard(post)
        if self.room.pop(post.nick, None):
            self.all({"type": "system", "text": f"{post.nick}: over and out"})

    def on_join(self, post, letter):
        nick = letter.get("user")
        nick = nick.strip() if isinstance(nick, str) else ""
        if post.nick is not None or not 1 <= len(nick) <= 32:
            self.on_other(post, letter)
        elif nick in self.room:
            post.give({"type": "system", "text": f"{nick}: try another one"})
            self.refused.add(post)
        else:
            post.nick = nick
            self.refused.discard(post)
            self.room[nick] = post
            self.all({"type": "system", "text": f"{nick}: here"})

    def on_chat(self, post, letter):
        if post.nick is None or not isinstance(letter.get("text"), str):
            return self.on_other(post, letter)
        self.all({"type": "chat", "user": post.nick, "text": letter["text"]}, but=post)

    def on_other(self, post, letter):
        post.give({"type": "system", "text": "say again"})


def main():
    over = []
    signal.signal(signal.SIGINT, lambda *_: over.append(True))
    hub = Hub()
    hub.start()
    with socket.create_server((HOST, PORT), backlog=200) as server:
        server.settimeout(0.2)
        while not over:
            try:
                conn, _ = server.accept()
            except TimeoutError:
                continue
            conn.settimeout(None)
            post = Post(conn, hub)
            hub.inbox.put((post, NEW))
            post.start()
    hub.inbox.put((None, STOP))
    hub.join()  # <--


if __name__ == "__main__":
    main()
