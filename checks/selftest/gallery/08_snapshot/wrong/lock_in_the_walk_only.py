"""Goes through the members by index, each step under the lock: no copy is needed, it says.

fails: 08.2
says: no chat message came to last

Between two steps somebody may leave: the ones behind move up, and one of them is skipped and does not hear it.
"""

import itertools
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
        self.lock = threading.Lock()
        self.members = {}

    def enter(self, nick, member):
        """Let member in as nick; False if somebody else has it."""
        with self.lock:
            if nick in self.members:
                return False
            self.members[nick] = member
            member.nick = nick
            return True

    def leave(self, member):
        """Take member out; False if it was not in."""
        with self.lock:
            if self.members.get(member.nick) is not member:
                return False
            del self.members[member.nick]
            return True

    def member(self, index):
        """The member at this place, or None behind the last."""
        with self.lock:
            return next(itertools.islice(self.members.values(), index, None), None)

    def tell(self, obj, speaker=None, echo=False):
        index = 0
        while (member := self.member(index)) is not None:
            index += 1
            if member is speaker and not echo:
                continue
            try:
                member.send(obj)  # <--
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
