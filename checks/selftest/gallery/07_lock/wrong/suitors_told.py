"""When a nick is free again, those who were refused it and have not joined are told so.

fails: 07.1
says: a second bob got the system message 'bob is free now'
"""

import socket
import threading
from collections import defaultdict

from utils import recv_json, send_json


class Room:
    def __init__(self):
        self.lock = threading.Lock()
        self.members = {}  # nick -> conn
        self.suitors = defaultdict(set)  # nick -> those who were refused it; they are no members

    def _send(self, conns, text):
        for conn in conns:
            try:
                send_json(conn, {"type": "system", "text": text})
            except OSError:
                pass

    def enter(self, nick, conn):
        with self.lock:
            if nick in self.members:
                self.suitors[nick].add(conn)
                return False
            for others in self.suitors.values():
                others.discard(conn)
            self.members[nick] = conn
            self._send(self.members.values(), f"{nick} has joined")
            return True

    def leave(self, nick):
        with self.lock:
            del self.members[nick]
            self._send(self.members.values(), f"{nick} has left")
            self._send(self.suitors.pop(nick, ()), f"{nick} is free now")  # <--

    def forget(self, conn):
        with self.lock:
            for others in self.suitors.values():
                others.discard(conn)

    def chat(self, nick, text):
        with self.lock:
            for other, conn in self.members.items():
                if other != nick:
                    try:
                        send_json(conn, {"type": "chat", "user": nick, "text": text})
                    except OSError:
                        pass


def serve(room, conn):
    nick, buffer = None, bytearray()
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            match obj:
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    if room.enter(user.strip(), conn):
                        nick = user.strip()
                    else:
                        send_json(conn, {"type": "system", "text": f"{user.strip()} is taken"})
                case {"type": "chat", "text": str(text)} if nick is not None:
                    room.chat(nick, text)
                case {"type": "leave"}:
                    break
                case _:
                    send_json(conn, {"type": "system", "text": "no"})
    except (OSError, ValueError):
        pass
    room.forget(conn)
    if nick is not None:
        room.leave(nick)
    conn.close()


if __name__ == "__main__":
    room = Room()
    with socket.create_server(("127.0.0.1", 9090)) as listener:
        while True:
            threading.Thread(target=serve, args=(room, listener.accept()[0]), daemon=True).start()
