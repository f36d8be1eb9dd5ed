"""The members of the room, and how they come, speak and go."""

import dataclasses
import socket
import threading

from utils import encode


@dataclasses.dataclass(eq=False)
class Member:
    conn: socket.socket
    nick: str


class Room:
    def __init__(self):
        self._lock = threading.Lock()
        self._by_nick = {}

    def enter(self, conn, nick):
        """Return the new member, None when the nick is taken."""
        with self._lock:
            if nick in self._by_nick:
                return None
            member = self._by_nick[nick] = Member(conn, nick)
        self._tell_all({"type": "system", "text": f"-> {nick}"})
        return member

    def exit(self, member):
        """Does nothing when the member is out already."""
        if self._remove(member):
            self._tell_all({"type": "system", "text": f"<- {member.nick}"})

    def chat(self, member, text):
        self._tell_all({"type": "chat", "user": member.nick, "text": text}, but=member)

    def __contains__(self, member):
        with self._lock:
            return self._by_nick.get(member.nick) is member

    def _remove(self, member):
        with self._lock:
            if self._by_nick.get(member.nick) is not member:
                return False
            del self._by_nick[member.nick]
            try:
                member.conn.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            return True

    def _tell_all(self, obj, but=None):
        dead = self._send_to_all(obj, but)
        while dead:
            member = dead.pop()
            if self._remove(member):
                dead += self._send_to_all({"type": "system", "text": f"<- {member.nick} (dead)"})

    def _send_to_all(self, obj, but=None):
        """Return those that could not be reached."""
        with self._lock:
            receivers = [*self._by_nick.values()]
        data, dead = encode(obj), []
        for member in receivers:
            if member is not but:
                try:
                    member.conn.sendall(data)
                except OSError:
                    dead.append(member)
        return dead
