"""The dict is behind a proxy: __getattr__ gives each method of it with the lock around, and what must be one step is one call."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Guarded:
    def __init__(self, thing):
        self._thing, self._lock = thing, threading.RLock()

    def __getattr__(self, name):
        attribute = getattr(self._thing, name)
        if not callable(attribute):
            return attribute

        def call(*args, **kwargs):
            with self._lock:
                return attribute(*args, **kwargs)
        return call

    def do(self, function):
        with self._lock:
            return function(self._thing)


class Nicks(dict):
    """nick -> connection"""

    def take(self, nick, conn):
        return self.setdefault(nick, conn) is conn

    def give_back(self, nick, conn):
        return self.get(nick) is conn and self.pop(nick) is conn


nicks = Guarded(Nicks())


def system(text):
    return {"type": "system", "text": text}


def post(obj, but=None):
    lost = []
    for nick, conn in nicks.do(lambda table: list(table.items())):
        if conn is not but:
            try:
                send_json(conn, obj)
            except OSError:
                lost.append((nick, conn))
    while lost:
        nick, conn = lost.pop()
        bury(nick, conn)


def bury(nick, conn):
    if nick is not None and nicks.give_back(nick, conn):
        try:
            conn.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        graves.append(nick)
        if len(graves) == 1:
            while graves:
                post(system(f"{graves[0]} has left"))
                graves.pop(0)


class Graves(threading.local):
    def __init__(self):
        self.nicks = []

    def append(self, nick):
        self.nicks.append(nick)

    def pop(self, at):
        return self.nicks.pop(at)

    def __len__(self):
        return len(self.nicks)

    def __getitem__(self, at):
        return self.nicks[at]


graves = Graves()  # those whose leaving this thread has still to announce


def handle(conn):
    nick, buffer = None, bytearray()
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                kind = obj.get("type")
                if kind == "leave":
                    break
                wanted, text = obj.get("user"), obj.get("text")
                if kind == "join" and nick is None and isinstance(wanted, str) and 1 <= len(wanted.strip()) <= 32:
                    if nicks.take(wanted.strip(), conn):
                        nick = wanted.strip()
                        post(system(f"{nick} has joined"))
                    else:
                        send_json(conn, system(f"{wanted.strip()} is taken"))
                elif kind == "chat" and nick is not None and isinstance(text, str):
                    if nicks.do(lambda table: table.get(nick) is conn):
                        post({"type": "chat", "user": nick, "text": text}, but=conn)
                else:
                    send_json(conn, system("cannot do that"))
        except (OSError, ValueError):
            pass
        finally:
            bury(nick, conn)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle, args=(conn,), daemon=True).start()


main()
