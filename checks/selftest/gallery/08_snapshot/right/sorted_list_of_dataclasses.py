"""The members are a list of dataclass objects; snapshots are made by sorted() and [*...], inside nested uses of an RLock."""

import socket
import threading
from dataclasses import dataclass, field

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


@dataclass(frozen=True, order=True)
class Member:
    nick: str
    conn: socket.socket = field(compare=False)


@dataclass
class Room:
    members: list = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def find(self, nick):
        with self.lock:
            for member in self.members:
                if member.nick == nick:
                    return member
            return None

    def add(self, member):
        with self.lock:
            if self.find(member.nick):
                return False
            self.members.append(member)
            return True

    def remove(self, nick):
        with self.lock:
            self.members.remove(self.find(nick))

    def in_order(self):
        with self.lock:
            return sorted([*self.members])


room = Room()


def tell(conn, kind, **fields):
    send_json(conn, {"type": kind, **fields})


def tell_all(kind, but=None, **fields):
    for member in room.in_order():
        if member.nick != but:
            try:
                tell(member.conn, kind, **fields)
            except OSError as error:
                print(member.nick, "did not get it:", error)


def handle_client(conn):
    buffer = bytearray()
    nick = None
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            kind, user, text = obj.get("type"), obj.get("user"), obj.get("text")
            if kind == "leave":
                break
            elif kind == "join" and nick is None and isinstance(user, str) and 1 <= len(user.strip()) <= 32:
                if room.add(Member(user.strip(), conn)):
                    nick = user.strip()
                    tell_all("system", text=f"{nick} is on the list")
                else:
                    tell(conn, "system", text=f"{user.strip()} is on the list already")
            elif kind == "chat" and nick is not None and isinstance(text, str):
                tell_all("chat", but=nick, user=nick, text=text)
            else:
                tell(conn, "system", text="I cannot read this")
    except (OSError, ValueError) as error:
        print("trouble:", error)
    finally:
        with conn:
            if nick is not None:
                room.remove(nick)
                tell_all("system", text=f"{nick} is crossed out")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
