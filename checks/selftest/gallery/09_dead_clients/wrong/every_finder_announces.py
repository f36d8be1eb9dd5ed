"""drop() does not say who was first, so each thread that finds a member dead announces it.

fails: 09.2 09.3
says: alice got one more system message 'bob
"""

import socket
import threading
from collections import deque
from dataclasses import dataclass

import utils

HOST, PORT = "127.0.0.1", 9090


@dataclass(eq=False)
class Member:
    conn: socket.socket
    nick: str = ""

    def send(self, obj):
        utils.send_json(self.conn, obj)  # <--

    def note(self, text):
        self.send({"type": "system", "text": text})

    def hang_up(self):
        try:
            self.conn.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Room:
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

    def drop(self, member):
        """True for the one caller that took the member out."""
        with self._lock:
            if member in self._members:
                self._members.remove(member)
        member.hang_up()

    def say(self, obj, but=None):
        """Send obj to all but one; tell of those who turn out to be dead."""
        news = deque([obj])
        while news:
            obj = news.popleft()
            with self._lock:
                members = [member for member in self._members if member is not but]
            for member in members:
                try:
                    member.send(obj)
                except OSError:
                    self.drop(member)
                    news.append({"type": "system", "text": f"{member.nick} was lost"})
            but = None

    def announce(self, text):
        self.say({"type": "system", "text": text})


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
                        room.announce(f"{nick} came in")
                    else:
                        member.note(f"somebody else is {wish}")
                case {"type": "chat", "text": str(text)} if nick:
                    room.say({"type": "chat", "user": nick, "text": text}, but=member)
                case _:
                    member.note("not understood")
    except (OSError, ValueError):
        pass
    finally:
        room.drop(member)
        if nick:
            room.announce(f"{nick} went out")
        conn.close()


def main():
    listener = socket.create_server((HOST, PORT))
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=serve, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
