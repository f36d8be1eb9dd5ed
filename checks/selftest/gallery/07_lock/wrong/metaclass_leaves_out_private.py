"""A metaclass locks the public methods; one whose name begins with an underscore is called from outside, too.

fails: 07.3
says: with no lock held
"""

import functools
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Synchronized(type):
    def __new__(mcs, name, bases, namespace):
        for key, value in list(namespace.items()):
            if callable(value) and not key.startswith("_"):
                namespace[key] = mcs.wrap(value)
        return super().__new__(mcs, name, bases, namespace)

    def __call__(cls, *args, **kwargs):
        self = cls.__new__(cls, *args, **kwargs)
        self._guard = threading.RLock()
        self.__init__(*args, **kwargs)
        return self

    @staticmethod
    def wrap(method):
        @functools.wraps(method)
        def locked(self, *args, **kwargs):
            with self._guard:
                return method(self, *args, **kwargs)
        return locked


class Room(metaclass=Synchronized):
    def __init__(self):
        self._people = []

    def nicks(self):
        return {nick for _, nick in self._people}

    def add(self, conn, nick):
        if nick in self.nicks():
            raise LookupError(nick)
        self._people.append((conn, nick))

    def drop(self, conn):
        gone = [one for one in self._people if one[0] is conn]
        self._people[:] = [one for one in self._people if one[0] is not conn]
        return gone[0][1] if gone else None

    def _post(self, obj, but=None):
        for conn, _ in self._people:  # <--
            if conn is not but:
                try:
                    send_json(conn, obj)
                except OSError:
                    continue


room = Room()


def say(text):
    return dict(type="system", text=text)


def handle(conn, nick=None):
    buffer = bytearray()
    try:
        while (obj := recv_json(conn, buffer)) is not None and obj.get("type") != "leave":
            match obj:
                case {"type": "join", "user": str(user)} if not nick and 0 < len(user.strip()) <= 32:
                    try:
                        room.add(conn, user.strip())
                    except LookupError as taken:
                        send_json(conn, say(f"{taken} is taken"))
                        continue
                    nick = user.strip()
                    room._post(say(f"welcome, {nick}"))
                case {"type": "chat", "text": str(text)} if nick:
                    room._post(dict(type="chat", user=nick, text=text), conn)
                case _:
                    send_json(conn, say("no"))
    except (OSError, ValueError):
        pass
    finally:
        if room.drop(conn):
            room._post(say(f"goodbye, {nick}"))
        conn.close()


if __name__ == "__main__":
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle, args=(listener.accept()[0],), daemon=True).start()
