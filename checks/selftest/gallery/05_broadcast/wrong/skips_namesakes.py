"""Leaves out of a chat whoever has the sender's nick.

fails: 05.2
says: 'hello another bob' from bob did not come to another bob
"""
import queue
import socket
import threading
from utils import recv_json, send_json
HOST, PORT = "127.0.0.1", 9090


class Member:
    def __init__(self, conn, room):
        self.conn, self.room, self.nick = conn, room, None
        self.out = queue.SimpleQueue()
        self.writer = threading.Thread(target=self.write, daemon=True)

    def put(self, obj):
        self.out.put(obj)

    def system(self, text):
        self.put({"type": "system", "text": text})

    def write(self):
        try:
            for obj in iter(self.out.get, None):
                send_json(self.conn, obj)  # <--
        except OSError:
            while self.out.get() is not None:
                pass

    def run(self):
        self.writer.start()
        buf = bytearray()
        try:
            while (m := recv_json(self.conn, buf)) is not None:
                match m:
                    case {"type": "leave"}:
                        break
                    case {"type": "join", "user": str(u)} if self.nick is None and 1 <= len(u.strip()) <= 32:
                        self.nick = u.strip()
                        self.room.enter(self)
                    case {"type": "chat", "text": str(t)} if self.nick is not None:
                        self.room.say(self, t)
                    case _:
                        self.system("no")
        except (OSError, ValueError):
            pass
        finally:
            self.room.exit(self)
            self.put(None)
            self.writer.join()
            self.conn.close()


class Room:
    def __init__(self):
        self.members, self.lock = set(), threading.Lock()

    def enter(self, m):
        with self.lock:
            self.members.add(m)
            for x in self.members:
                x.system(f"{m.nick} ist da")

    def exit(self, m):
        with self.lock:
            if m not in self.members:
                return
            self.members.discard(m)
            for x in self.members:
                x.system(f"{m.nick} ist weg")

    def say(self, m, text):
        with self.lock:
            for x in [x for x in self.members if x.nick != m.nick]:
                x.put({"type": "chat", "user": m.nick, "text": text})


def main():
    room = Room()
    with socket.create_server((HOST, PORT), backlog=128) as s:
        while True:
            c, _ = s.accept()
            threading.Thread(target=Member(c, room).run, daemon=True).start()


if __name__ == "__main__":
    main()
