"""A member is a context manager: it enters the room under the lock and leaves it without.

fails: 07.3
says: the thread of dave removes from `self.everyone` at server.py:
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Membership:
    """`with` it one is in the room."""

    everyone = {}  # nick -> connection
    lock = threading.Lock()

    def __init__(self, nick, conn):
        self.nick, self.conn, self.admitted = nick, conn, False

    def __enter__(self):
        with self.lock:
            if self.nick not in self.everyone:
                self.everyone[self.nick] = self.conn
                self.admitted = True
        return self

    def __exit__(self, *exception):
        if self.admitted:
            del self.everyone[self.nick]  # <--
            self.tell_all({"type": "system", "text": f"{self.nick} has left"})

    def tell_all(self, obj, but=None):
        with self.lock:
            conns = [conn for conn in self.everyone.values() if conn is not but]
        for conn in conns:
            try:
                send_json(conn, obj)
            except OSError:
                pass


def refuse(conn, why):
    send_json(conn, {"type": "system", "text": why})


def in_the_room(me, buffer):
    me.tell_all({"type": "system", "text": f"{me.nick} has joined"})
    while (obj := recv_json(me.conn, buffer)) is not None:
        match obj:
            case {"type": "chat", "text": str(text)}:
                me.tell_all({"type": "chat", "user": me.nick, "text": text}, but=me.conn)
            case {"type": "leave"}:
                return
            case _:
                refuse(me.conn, "chat or leave")


def at_the_door(conn):
    buffer = bytearray()
    while (obj := recv_json(conn, buffer)) is not None:
        match obj:
            case {"type": "join", "user": str(user)} if 1 <= len(user.strip()) <= 32:
                with Membership(user.strip(), conn) as me:
                    if me.admitted:
                        return in_the_room(me, buffer)
                    refuse(conn, f"{me.nick} is taken")
            case {"type": "leave"}:
                return
            case _:
                refuse(conn, "join first")


def handle_client(conn):
    with conn:
        try:
            at_the_door(conn)
        except (OSError, ValueError):
            pass


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
