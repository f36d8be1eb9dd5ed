"""The members' outboxes are deques under the room's lock; a Condition on that lock wakes each member's writer."""

import collections
import json
import socket
import threading

from utils import recv_json

HOST, PORT = "127.0.0.1", 9090

lock = threading.Lock()
members = {}  # nick -> Client


class Client:
    def __init__(self, conn):
        self.conn, self.nick = conn, None
        self.outbox, self.over = collections.deque(), False
        self.news = threading.Condition(lock)

    def put(self, obj):
        """The caller holds the lock."""
        self.outbox.append(obj)
        self.news.notify()

    def write(self):
        """The writer's thread: takes out under the lock, sends without it."""
        while True:
            with self.news:
                self.news.wait_for(lambda: self.outbox or self.over)
                batch = list(self.outbox)
                self.outbox.clear()
            if not batch:
                return
            for obj in batch:
                try:
                    self.conn.sendall(json.dumps(obj).encode() + b"\n")
                except OSError:
                    return

    def put_to_all(self, kind, text, **fields):
        """The caller holds the lock. A chat goes to the others alone."""
        for member in members.values():
            if kind == "system" or member is not self:
                member.put({"type": kind, "text": text, **fields})

    def obey(self, obj):
        with lock:
            match obj:
                case {"type": "join", "user": str(user)} if self.nick is None and 1 <= len(user.strip()) <= 32:
                    if user.strip() in members:
                        self.put({"type": "system", "text": f"{user.strip()} is taken"})
                    else:
                        self.nick = user.strip()
                        members[self.nick] = self
                        self.put_to_all("system", f"{self.nick} is on the air")
                case {"type": "chat", "text": str(text)} if self.nick is not None:
                    self.put_to_all("chat", text, user=self.nick)
                case _:
                    self.put({"type": "system", "text": "over"})

    def run(self):
        writer = threading.Thread(target=self.write, daemon=True)
        writer.start()
        buffer = bytearray()
        try:
            while (obj := recv_json(self.conn, buffer)) is not None and obj.get("type") != "leave":
                self.obey(obj)
        except (OSError, ValueError, RecursionError):
            pass
        finally:
            with lock:
                self.over = True
                self.news.notify()
                if self.nick is not None:
                    del members[self.nick]
                    self.put_to_all("system", f"{self.nick} is off the air")
            writer.join()  # it first sends what is there
            self.conn.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=Client(conn).run, daemon=True).start()


if __name__ == "__main__":
    main()
