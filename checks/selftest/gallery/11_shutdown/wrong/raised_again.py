"""KeyboardInterrupt is raised again after the clean-up: a traceback, and not exit code 0.

fails: 11.2
says: caught and raised again
"""
import enum
import queue
import socket
import threading
from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090


class Mark(enum.Enum):
    END = enum.auto()


class Post:
    def __init__(self, sock, limit=1_000_000):
        self.sock, self.limit = sock, limit
        self.queue = queue.SimpleQueue()
        self.guard = threading.Lock()
        self.size, self.done = 0, False
        self.thread = threading.Thread(target=self.run, name="post")
        self.thread.start()

    def __lshift__(self, obj):
        """post << obj puts a message or a mark in; never waits."""
        with self.guard:
            if self.done:
                return self
            if obj is Mark.END:
                self.done = True
                self.queue.put(obj)
                return self
            data = encode(obj)
            if self.size + len(data) > self.limit:
                self.done = True
                self.queue.put(Mark.END)
                self.hang_up()
            else:
                self.size += len(data)
                self.queue.put(data)
        return self

    def run(self):
        for data in iter(self.queue.get, Mark.END):
            try:
                self.sock.sendall(data)
            except OSError:
                self.hang_up()
            with self.guard:
                self.size -= len(data)

    def hang_up(self, how=socket.SHUT_RDWR):
        try:
            self.sock.shutdown(how)
        except OSError:
            pass

    def end(self):
        self << Mark.END
        self.thread.join(0.6)
        self.hang_up()
        self.thread.join()


class Room:
    def __init__(self):
        self.lock = threading.Lock()
        self.posts = {}          # Post -> nick, None before joining
        self.open = True

    def tell(self, obj, but=None):
        for post in [p for p, nick in self.posts.items() if nick and p is not but]:
            post << obj

    def come(self, sock):
        with self.lock:
            if not self.open:
                return None
            post = Post(sock)
            self.posts[post] = None
            return post

    def join(self, post, nick):
        with self.lock:
            if not self.open or nick in self.posts.values():
                return False
            self.posts[post] = nick
            self.tell({"type": "system", "text": f"{nick} joined"})
            return True

    def chat(self, post, text):
        with self.lock:
            if self.open:
                self.tell({"type": "chat", "user": self.posts[post], "text": text}, post)

    def go(self, post):
        with self.lock:
            nick = self.posts.pop(post)
            if nick and self.open:
                self.tell({"type": "system", "text": f"{nick} left"})

    def close(self):
        with self.lock:
            self.open = False
            for post in self.posts:
                post << {"type": "system", "text": "that was it"} << Mark.END
                post.hang_up(socket.SHUT_RD)


def reader(sock, room):
    with sock:
        if (post := room.come(sock)) is None:
            return
        joined = False
        buffer = bytearray()
        try:
            while (obj := recv_json(sock, buffer)) is not None:
                match obj:
                    case {"type": "leave"}:
                        break
                    case {"type": "join", "user": str(user)} if not joined and 1 <= len(user.strip()) <= 32:
                        joined = room.join(post, user.strip())
                        if not joined:
                            post << {"type": "system", "text": f"no, {user.strip()} is taken"}
                    case {"type": "chat", "text": str(text)} if joined:
                        room.chat(post, text)
                    case _:
                        post << {"type": "system", "text": "?"}
        except (OSError, ValueError):
            pass
        finally:
            room.go(post)
            post.end()


def main():
    room = Room()
    try:
        with socket.create_server((HOST, PORT), backlog=128) as listener:
            while True:
                sock, _ = listener.accept()
                threading.Thread(target=reader, args=(sock, room)).start()
    except KeyboardInterrupt:
        room.close()
        raise  # <--


if __name__ == "__main__":
    main()
