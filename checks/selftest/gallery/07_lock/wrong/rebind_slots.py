"""A dataclass with slots; leaving makes the list without the member under the lock, and binds it after it.

fails: 07.3
says: the thread of dave binds `self.people` to something new at server.py:
"""
import socket
import threading
from dataclasses import dataclass, field

from utils import recv_json, send_json


@dataclass(slots=True)
class Room:
    people: list = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self, nick: str, conn: socket.socket) -> bool:
        with self.lock:
            if nick in [n for n, _ in self.people]:
                return False
            self.people.append((nick, conn))
            return True

    def leave(self, nick: str) -> None:
        with self.lock:
            rest = [(n, c) for n, c in self.people if n != nick]
        self.people = rest  # <--

    def publish(self, message: dict, skip: socket.socket | None = None) -> None:
        with self.lock:
            for _, conn in self.people:
                if conn is not skip:
                    try:
                        send_json(conn, message)
                    except OSError:
                        pass


def serve(room: Room, conn: socket.socket) -> None:
    nick, buffer = None, bytearray()
    try:
        while (m := recv_json(conn, buffer)) is not None:
            match m:
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    if room.enter(user.strip(), conn):
                        nick = user.strip()
                        room.publish({"type": "system", "text": f"{nick} joined"})
                    else:
                        send_json(conn, {"type": "system", "text": f"{user.strip()} is taken"})
                case {"type": "chat", "text": str(text)} if nick is not None:
                    room.publish({"type": "chat", "user": nick, "text": text}, conn)
                case {"type": "leave"}:
                    break
                case _:
                    send_json(conn, {"type": "system", "text": "no"})
    except (OSError, ValueError):
        pass
    finally:
        if nick is not None:
            room.leave(nick)
            room.publish({"type": "system", "text": f"{nick} left"})
        conn.close()


if __name__ == "__main__":
    the_room = Room()
    with socket.create_server(("127.0.0.1", 9090), backlog=128) as listener:
        while True:
            threading.Thread(target=serve, args=(the_room, listener.accept()[0]), daemon=True).start()
