"""Looks for the pair of nick and connection in the set, which nobody else can have.

fails: 07.1
says: was let in, though 'alice' is in the room
"""

import functools
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def synchronized(method):
    """Let one thread at a time into the methods of an object."""
    @functools.wraps(method)
    def alone(self, *args):
        with self.lock:
            return method(self, *args)
    return alone


class Register:
    def __init__(self):
        self.lock = threading.RLock()
        self.entries = set()  # (nick, connection)

    @synchronized
    def add(self, nick, conn):
        if (nick, conn) in self.entries:
            return False
        self.entries.add((nick, conn))
        return True

    @synchronized
    def discard(self, nick, conn):
        self.entries.discard((nick, conn))

    @synchronized
    def all(self):
        return set(self.entries)


register = Register()


def publish(message, without=None):
    for _, conn in register.all():
        if conn is not without:
            try:
                send_json(conn, message)  # <--
            except OSError:
                pass


class Session:
    def __init__(self, conn):
        self.conn, self.nick, self.buffer = conn, None, bytearray()

    def note(self, text):
        send_json(self.conn, {"type": "system", "text": text})

    def on_join(self, user=None, **_):
        if self.nick or not isinstance(user, str) or not 1 <= len(user.strip()) <= 32:
            return self.note("a join needs a nick, once")
        if not register.add(user.strip(), self.conn):
            return self.note(f"{user.strip()} has come before you")
        self.nick = user.strip()
        publish({"type": "system", "text": f"{self.nick} joins"})

    def on_chat(self, text=None, **_):
        if not self.nick or not isinstance(text, str):
            return self.note("a chat needs a nick and a text")
        publish({"type": "chat", "user": self.nick, "text": text}, self.conn)

    def run(self):
        try:
            while (obj := recv_json(self.conn, self.buffer)) is not None and obj.get("type") != "leave":
                kind = obj.get("type")
                if kind in ("join", "chat"):
                    getattr(self, f"on_{kind}")(**{key: value for key, value in obj.items() if key in ("user", "text")})
                else:
                    self.note("unknown")
        except (OSError, ValueError):
            pass
        finally:
            if self.nick:
                register.discard(self.nick, self.conn)
                publish({"type": "system", "text": f"{self.nick} leaves"})
            self.conn.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            session = Session(listener.accept()[0])
            threading.Thread(target=session.run, daemon=True).start()


if __name__ == "__main__":
    main()
