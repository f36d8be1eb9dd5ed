"""A subclass of dict with a lock of its own in it; outside its methods nobody touches it."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Members(dict):
    """Connection -> nick."""

    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()

    def put(self, conn, nick):
        """Return whether it could be put in."""
        with self.lock:
            if nick in self.values():
                return False
            self[conn] = nick
            return True

    def pop(self, conn, default=None):
        with self.lock:
            return super().pop(conn, default)

    def conns(self, but=None):
        with self.lock:
            return [conn for conn in self if conn is not but]


members = Members()


def tell(conn, kind, **fields):
    send_json(conn, {"type": kind, **fields})


def tell_members(kind, but=None, **fields):
    for conn in members.conns(but):
        try:
            tell(conn, kind, **fields)
        except OSError:
            pass


class Client:
    def __init__(self, conn):
        self.conn, self.nick, self.buffer = conn, None, bytearray()

    def run(self):
        with self.conn:
            try:
                while (obj := recv_json(self.conn, self.buffer)) is not None and obj.get("type") != "leave":
                    self.obey(obj)
            except (OSError, ValueError) as error:
                print(f"{self.nick}: {error}")
            finally:
                nick = members.pop(self.conn)
                if nick is not None:
                    tell_members("system", text=f"{nick} has logged out")

    def obey(self, obj):
        kind, user, text = obj.get("type"), obj.get("user"), obj.get("text")
        if kind == "chat" and self.nick is not None and isinstance(text, str):
            tell_members("chat", but=self.conn, user=self.nick, text=text)
        elif kind == "join" and self.nick is None and isinstance(user, str) and 1 <= len(user.strip()) <= 32:
            user = user.strip()
            if members.put(self.conn, user):
                self.nick = user
                tell_members("system", text=f"{user} has logged in")
            else:
                tell(self.conn, "system", text=f"{user} is logged in already")
        else:
            tell(self.conn, "system", text="this is not a command")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=Client(conn).run, daemon=True).start()


if __name__ == "__main__":
    main()
