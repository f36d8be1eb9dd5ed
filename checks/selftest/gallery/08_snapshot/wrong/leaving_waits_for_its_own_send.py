"""A member that leaves is marked under its own write lock inside the room's lock: if a send to it is stuck, all wait.

fails: 08.2
says: while a send to bob is stuck, who has left meanwhile, dave joins
"""
from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, field

from utils import recv_json, send_json


@dataclass(eq=False)
class Member:
    conn: socket.socket
    nick: str
    write_lock: threading.Lock = field(default_factory=threading.Lock)
    left: bool = False

    def send(self, obj: dict) -> None:
        with self.write_lock:
            if self.left:
                return
            try:
                send_json(self.conn, obj)
            except OSError:
                pass

    def mark_left(self) -> None:
        with self.write_lock:  # <--
            self.left = True


class Room:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.members: dict[str, Member] = {}

    def join(self, member: Member) -> bool:
        with self.lock:
            if member.nick in self.members:
                return False
            self.members[member.nick] = member
            return True

    def leave(self, member: Member) -> None:
        with self.lock:
            del self.members[member.nick]
            member.mark_left()

    def broadcast(self, obj: dict, sender: Member | None = None) -> None:
        with self.lock:
            targets = [m for m in self.members.values() if m is not sender]
        for member in targets:
            member.send(obj)


def session(conn: socket.socket, room: Room) -> None:
    me: Member | None = None
    buffer = bytearray()
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            match obj:
                case {"type": "join", "user": str(user)} if me is None and 1 <= len(user.strip()) <= 32:
                    candidate = Member(conn, user.strip())
                    if room.join(candidate):
                        me = candidate
                        room.broadcast({"type": "system", "text": f"{me.nick} joined"})
                    else:
                        send_json(conn, {"type": "system", "text": f"{candidate.nick} is taken"})
                case {"type": "chat", "text": str(text)} if me is not None:
                    room.broadcast({"type": "chat", "user": me.nick, "text": text}, sender=me)
                case {"type": "leave"}:
                    break
                case _:
                    send_json(conn, {"type": "system", "text": "refused"})
    except (OSError, ValueError):
        pass
    finally:
        if me is not None:
            room.leave(me)
            room.broadcast({"type": "system", "text": f"{me.nick} left"})
        conn.close()


def main() -> None:
    room = Room()
    with socket.create_server(("127.0.0.1", 9090)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=session, args=(conn, room), daemon=True).start()


if __name__ == "__main__":
    main()
