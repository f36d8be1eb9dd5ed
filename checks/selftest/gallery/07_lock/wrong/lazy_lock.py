"""A room in a class that makes its lock when it is first needed.

fails: 07.3
says: is another one each time

Two threads that come first at the same moment make two locks, and each holds its own.
"""

import json
import socket
import threading

HOST, PORT = "127.0.0.1", 9090
LIMIT = 65_536


def encode(obj):
    """One message as bytes."""
    return json.dumps(obj).encode() + b"\n"


def system(text):
    return {"type": "system", "text": text}


def messages(lines):
    """The messages of a client, until it has gone or sends what is none."""
    while line := lines.readline(LIMIT):
        if not line.endswith(b"\n"):
            return
        try:
            obj = json.loads(line.decode())
        except (ValueError, RecursionError):
            return
        if not isinstance(obj, dict):
            return
        yield obj


class Member:
    """A client, and its nick once it is in the room."""

    def __init__(self, conn):
        self.conn = conn
        self.nick = None

    def send(self, obj):
        self.conn.sendall(encode(obj))


def good(user):
    return isinstance(user, str) and 1 <= len(user.strip()) <= 32


class Room:
    """The members, by their nicks."""

    def __init__(self):
        self._lock = None
        self.members = {}

    @property
    def lock(self):
        if self._lock is None:
            self._lock = threading.Lock()
        return self._lock

    def enter(self, nick, member):
        """Let member in as nick; False if somebody else has it."""
        with self.lock:
            if nick in self.members:
                return False
            self.members[nick] = member  # <--
            member.nick = nick
            return True

    def leave(self, member):
        """Take member out; False if it was not in."""
        with self.lock:
            if self.members.get(member.nick) is not member:
                return False
            del self.members[member.nick]
            return True

    def audience(self, speaker=None, echo=False):
        with self.lock:
            return [m for m in self.members.values() if echo or m is not speaker]

    def tell(self, obj, speaker=None, echo=False):
        for member in self.audience(speaker, echo):
            try:
                member.send(obj)
            except OSError:
                pass


room = Room()


def serve(conn):
    """A client's thread."""
    me = Member(conn)
    with conn, conn.makefile("rb") as lines:
        try:
            for obj in messages(lines):
                kind = obj.get("type")
                if kind == "leave":
                    break
                elif kind == "join" and me.nick is None and good(obj.get("user")):
                    nick = obj["user"].strip()
                    if room.enter(nick, me):
                        room.tell(system(f"{nick} has joined"), me, echo=True)
                    else:
                        me.send(system(f"{nick} is taken"))
                elif kind == "chat" and me.nick is not None and isinstance(obj.get("text"), str):
                    room.tell({"type": "chat", "user": me.nick, "text": obj["text"]}, me)
                else:
                    me.send(system("join first, then chat"))
        except OSError:
            pass
        finally:
            if room.leave(me):
                room.tell(system(f"{me.nick} has left"))


def main():
    with socket.create_server((HOST, PORT), backlog=128) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=serve, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
