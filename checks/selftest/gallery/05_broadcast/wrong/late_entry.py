"""Tells the others and the newcomer first, and lets it in afterwards: what is answered at once does not reach it.

fails: 05.2
says: dave heard something else first
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Room:
    def __init__(self):
        self.inside = {}
        self.lock = threading.Lock()

    def send(self, conn, obj):
        try:
            send_json(conn, obj)
        except OSError:
            pass

    def tell(self, obj, but=None):
        with self.lock:
            conns = list(self.inside)
        for conn in conns:  # <--
            if conn is not but:
                self.send(conn, obj)

    def enter(self, conn, nick):
        news = {"type": "system", "text": f"{nick} enters"}
        self.tell(news)
        self.send(conn, news)
        with self.lock:
            self.inside[conn] = nick

    def exit(self, conn):
        with self.lock:
            nick = self.inside.pop(conn, None)
        if nick is not None:
            self.tell({"type": "system", "text": f"{nick} exits"})


room = Room()


def handle(conn, addr):
    nick, buffer = None, bytearray()
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        nick = user.strip()
                        room.enter(conn, nick)
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        room.tell({"type": "chat", "user": nick, "text": text}, but=conn)
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, {"type": "system", "text": "not so"})
        except (OSError, ValueError) as error:
            print(addr, error)
        finally:
            room.exit(conn)


if __name__ == "__main__":
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle, args=listener.accept(), daemon=True).start()
