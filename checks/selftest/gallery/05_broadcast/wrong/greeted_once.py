"""Chat room that remembers whom it has greeted: who comes back gets a "welcome back", and the others are not bothered again.

fails: 05.1
says: no system message with 'bob' in it came to alice
"""
import socket
import threading
from enum import Enum

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Greeting(Enum):
    NEW = "{} joined the room"
    BACK = "welcome back, {}"

    def __call__(self, nick):
        return {"type": "system", "text": self.value.format(nick)}


class Room:
    def __init__(self):
        self._members = {}
        self._known = set()
        self._lock = threading.Lock()

    def add(self, conn, nick):
        with self._lock:
            self._members[conn] = nick
            first_time = nick not in self._known
            self._known.add(nick)
        if first_time:
            self.send(Greeting.NEW(nick))
        else:
            send_json(conn, Greeting.BACK(nick))

    def remove(self, conn):
        with self._lock:
            nick = self._members.pop(conn, None)
        if nick is not None:
            self.send({"type": "system", "text": f"{nick} left the room"})

    def send(self, obj, *, skip=None):
        with self._lock:
            conns = [c for c in self._members if c is not skip]
        for c in conns:
            try:
                send_json(c, obj)
            except OSError:
                continue


room = Room()


def run(conn):
    nick, buffer = None, bytearray()
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            match obj:
                case {"type": "leave"}:
                    return
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    nick = user.strip()  # <--
                    room.add(conn, nick)
                case {"type": "chat", "text": str(text)} if nick is not None:
                    room.send({"type": "chat", "user": nick, "text": text}, skip=conn)
                case _:
                    send_json(conn, {"type": "system", "text": "refused"})
    except (OSError, ValueError) as why:
        print("connection ended:", type(why).__name__)
    finally:
        room.remove(conn)
        conn.close()


with socket.create_server((HOST, PORT), backlog=128) as listener:
    while True:
        threading.Thread(target=run, args=listener.accept()[:1], daemon=True).start()
