"""A class ChatRoom with sessions, an RLock and a context manager instead of functions and globals."""

import contextlib
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Refused(Exception):
    """The client asked for what it may not have."""


class Session:
    def __init__(self, room, conn):
        self.room, self.conn = room, conn
        self.nick = None

    def send(self, kind, **fields):
        with contextlib.suppress(OSError):
            send_json(self.conn, {"type": kind, **fields})

    def run(self):
        buffer = bytearray()
        with self.conn, contextlib.suppress(OSError, ValueError, RecursionError):
            while (obj := recv_json(self.conn, buffer)) is not None and obj.get("type") != "leave":
                try:
                    self.obey(obj)
                except Refused as reason:
                    self.send("system", text=str(reason))
        self.room.discard(self)

    def obey(self, obj):
        kind = obj.get("type")
        if kind not in ("join", "chat"):
            raise Refused("no such type")
        argument = obj.get("user" if kind == "join" else "text")
        if not isinstance(argument, str):
            raise Refused("a string is missing")
        if (kind == "join") != (self.nick is None):
            raise Refused("join first, and only once")
        if kind == "chat":
            return self.room.tell("chat", but=self, user=self.nick, text=argument)
        if not 1 <= len(argument.strip()) <= 32:
            raise Refused("1 to 32 characters")
        self.nick = argument.strip()
        self.room.add(self)


class ChatRoom:
    def __init__(self):
        self._sessions = []
        self._lock = threading.RLock()

    def add(self, session):
        with self._lock:
            self._sessions.append(session)
            self.tell("system", text=f"{session.nick} entered")

    def discard(self, session):
        with self._lock:
            if session in self._sessions:
                self._sessions.remove(session)
                self.tell("system", text=f"{session.nick} left")

    def tell(self, kind, but=None, **fields):
        with self._lock:
            for session in self._sessions:
                if session is not but:
                    session.send(kind, **fields)


def main():
    room = ChatRoom()
    with socket.create_server((HOST, PORT)) as listener, contextlib.suppress(KeyboardInterrupt):
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=Session(room, conn).run, daemon=True).start()


if __name__ == "__main__":
    main()
