"""Says that the nick is taken, and lets the client in with it all the same.

fails: 07.1
says: was let in, though 'alice' is in the room
"""

import socket
import threading
from dataclasses import dataclass

import utils

HOST, PORT = "127.0.0.1", 9090


@dataclass(eq=False)
class Member:
    conn: socket.socket
    nick: str = ""

    def send(self, obj):
        try:
            utils.send_json(self.conn, obj)  # <--
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
            free = all(other.nick != nick for other in self._members)
            member.nick = nick
            self._members.append(member)
            return free

    def dismiss(self, member):
        with self._lock:
            if member not in self._members:
                return False
            self._members.remove(member)
            return True

    def others(self, member=None):
        with self._lock:
            return [other for other in self._members if other is not member]

    def announce(self, text):
        for member in self.others():
            member.note(text)


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
                    if not room.admit(member, wish):
                        member.note(f"somebody else is {wish}")
                    nick = wish
                    room.announce(f"{nick} came in")
                case {"type": "chat", "text": str(text)} if nick:
                    for other in room.others(member):
                        other.send({"type": "chat", "user": nick, "text": text})
                case _:
                    member.note("not understood")
    except (OSError, ValueError):
        pass
    finally:
        if room.dismiss(member):
            room.announce(f"{nick} went out")
        conn.close()


def main():
    listener = socket.create_server((HOST, PORT))
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=serve, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
