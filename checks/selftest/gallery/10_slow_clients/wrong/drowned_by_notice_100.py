"""Who drowns by a chat is taken out and told of; who drowns by an announcement is taken out without a word.

fails: 10.2
says: bob was disconnected, and nobody was told that bob has left; all this while bob reads nothing
"""

import queue
import socket
import threading

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090
KEPT = 100  # messages for one client
GONE = object()


class Post:
    """One client: its two threads and its outbox."""

    def __init__(self, conn, hub):
        self.conn, self.hub = conn, hub
        self.nick = None  # only the hub's thread looks at it
        self.outbox = queue.Queue(KEPT)
        self.out = threading.Thread(target=self.write, daemon=True)
        self.reader = threading.Thread(target=self.read, daemon=True)

    def start(self):
        self.reader.start()

    def give(self, obj):
        try:
            self.outbox.put_nowait(encode(obj))  # <--
            return True
        except queue.Full:
            self.hang_up()
            return False

    def hang_up(self):
        try:
            self.conn.shutdown(socket.SHUT_RDWR)
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
        super().__init__(daemon=True)
        self.inbox = queue.Queue(500)
        self.room = {}  # nick -> Post
        self.key = threading.Lock()

    def run(self):
        while True:
            post, letter = self.inbox.get()
            with self.key:
                if isinstance(letter, threading.Event):
                    self.gone(post)
                    letter.set()
                else:
                    getattr(self, f"on_{letter.get('type')}", self.on_other)(post, letter)

    def all(self, obj, but=None):
        drowned = [post for post in self.room.values() if post is not but and not post.give(obj)]
        for post in drowned:
            if self.room.pop(post.nick, None) is None:
                continue
            if obj["type"] == "chat":
                self.all({"type": "system", "text": f"{post.nick}: over and out"})
            post.nick = None

    def gone(self, post):
        if post.nick is not None:
            del self.room[post.nick]
            self.all({"type": "system", "text": f"{post.nick}: over and out"})

    def on_join(self, post, letter):
        nick = letter.get("user")
        nick = nick.strip() if isinstance(nick, str) else ""
        if post.nick is not None or not 1 <= len(nick) <= 32:
            self.on_other(post, letter)
        elif nick in self.room:
            post.give({"type": "system", "text": f"{nick}: try another one"})
        else:
            post.nick = nick
            self.room[nick] = post
            self.all({"type": "system", "text": f"{nick}: here"})

    def on_chat(self, post, letter):
        if post.nick is None or not isinstance(letter.get("text"), str):
            return self.on_other(post, letter)
        self.all({"type": "chat", "user": post.nick, "text": letter["text"]}, but=post)

    def on_other(self, post, letter):
        post.give({"type": "system", "text": "say again"})


def main():
    hub = Hub()
    hub.start()
    with socket.create_server((HOST, PORT), backlog=200) as server:
        while True:
            conn, _ = server.accept()
            Post(conn, hub).start()


if __name__ == "__main__":
    main()
