"""Its room's __iter__ gives the iterator of the set itself: what is called a copy is another name for it.

fails: 07.3
says: goes through `self.members` at server.py
"""
import socket
import threading
from dataclasses import dataclass, field

from utils import recv_json, send_json


@dataclass(eq=False)
class Member:
    conn: socket.socket
    nick: str | None = None
    write_lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, obj):
        with self.write_lock:
            try:
                send_json(self.conn, obj)
            except OSError:
                pass

    def system(self, text):
        self.write({"type": "system", "text": text})


@dataclass
class Room:
    members: set = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __iter__(self):
        with self.lock:
            copy = self.members
        return iter(copy)

    def add(self, member, nick):
        with self.lock:
            if any(m.nick == nick for m in self.members):
                return False
            member.nick = nick
            self.members.add(member)
            return True

    def discard(self, member):
        with self.lock:
            if member in self.members:
                self.members.discard(member)
                return True
            return False


room = Room()


def run(member):
    buffer = bytearray()
    try:
        while (m := recv_json(member.conn, buffer)) is not None:
            kind = m.get("type")
            if kind == "leave":
                break
            elif kind == "join" and member.nick is None and isinstance(m.get("user"), str) and 1 <= len(m["user"].strip()) <= 32:
                wanted = m["user"].strip()
                if not room.add(member, wanted):
                    member.system(f"{wanted} is taken")
                    continue
                for each in room:  # <--
                    each.system(f"{wanted} joined")
            elif kind == "chat" and member.nick is not None and isinstance(m.get("text"), str):
                for each in room:
                    if each is not member:
                        each.write({"type": "chat", "user": member.nick, "text": m["text"]})
            else:
                member.system("no such thing")
    except (OSError, ValueError):
        pass
    finally:
        if room.discard(member):
            for each in room:
                each.system(f"{member.nick} left")
        member.conn.close()


def main():
    with socket.create_server(("127.0.0.1", 9090)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=run, args=(Member(conn),), daemon=True).start()


if __name__ == "__main__":
    main()
