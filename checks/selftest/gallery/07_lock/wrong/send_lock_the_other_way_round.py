"""Sends under the room's lock, then the member's; a member that goes takes its own, then the room's.

fails: 07.4
says: the thread of alice takes `self._lock` at server.py:
"""

import socket
import threading
from dataclasses import dataclass, field

import utils

HOST, PORT = "127.0.0.1", 9090


@dataclass(eq=False)
class Member:
    conn: socket.socket
    nick: str = ""
    sending: object = field(default_factory=threading.Lock)

    def send(self, obj):
        with self.sending:  # <--
            try:
                utils.send_json(self.conn, obj)
            except OSError:
                pass

    def note(self, text):
        self.send({"type": "system", "text": text})


class Room:
    """The members, and the lock that guards them."""

    def __init__(self):
        self._members = []
        self._lock = threading.Lock()

    def admit(self, member, nick):
        with self._lock:
            if any(other.nick == nick for other in self._members):
                return False
            member.nick = nick
            self._members.append(member)
            return True

    def dismiss(self, member):
        with self._lock:
            if member not in self._members:
                return False
            self._members.remove(member)
            return True

    def tell(self, obj, but=None):
        with self._lock:
            for member in self._members:
                if member is not but:
                    member.send(obj)


room = Room()


def serve(conn):
    member, nick, buffer = Member(conn), None, bytearray()
    try:
        while (obj := utils.recv_json(conn, buffer)) is not None:
            match obj:
                case {"type": "leave"}:
                    break
                case {"type": "join", "user": str(user)} if not nick and 0 < len(user.strip()) <= 32:
                    wish = user.strip()
                    if room.admit(member, wish):
                        nick = wish
                        room.tell({"type": "system", "text": f"{nick} came in"})
                    else:
                        member.note(f"somebody else is {wish}")
                case {"type": "chat", "text": str(text)} if nick:
                    room.tell({"type": "chat", "user": nick, "text": text}, but=member)
                case _:
                    member.note("not understood")
    except (OSError, ValueError):
        pass
    finally:
        with member.sending:  # nobody is to write to it any more
            was_there = room.dismiss(member)  # <--
            conn.close()
        if was_there:
            room.tell({"type": "system", "text": f"{nick} went out"})


def main():
    listener = socket.create_server((HOST, PORT))
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=serve, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
