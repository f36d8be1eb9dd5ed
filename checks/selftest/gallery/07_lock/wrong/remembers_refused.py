"""A nick refused once on a connection stays refused there, also when its member has left.

fails: 07.1
says: the nick 'bob' is still refused to somebody who has asked for it before
"""

import socket
import threading

from utils import recv_json, send_json

lock = threading.Lock()
members = {}


def system(text):
    return {"type": "system", "text": text}


def tell(obj, but=None):
    with lock:
        for nick, conn in members.items():
            if nick != but:
                try:
                    send_json(conn, obj)
                except OSError:
                    pass


class Session:
    def __init__(self, conn):
        self.conn = conn
        self.nick = None
        self.tried = set()

    def join(self, wanted):
        if wanted in self.tried:
            return send_json(self.conn, system(f"I said it: {wanted} is taken"))
        with lock:
            if members.setdefault(wanted, self.conn) is self.conn:
                self.nick = wanted
        if self.nick is None:
            self.tried.add(wanted)
            send_json(self.conn, system(f"{wanted} is taken"))
        else:
            tell(system(f"{wanted} joined"))

    def run(self):
        buffer = bytearray()
        try:
            while (obj := recv_json(self.conn, buffer)) is not None:  # <--
                match obj:
                    case {"type": "join", "user": str(user)} if self.nick is None and 1 <= len(user.strip()) <= 32:
                        self.join(user.strip())
                    case {"type": "chat", "text": str(text)} if self.nick is not None:
                        tell({"type": "chat", "user": self.nick, "text": text}, but=self.nick)
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(self.conn, system("what?"))
        except (OSError, ValueError):
            pass
        if self.nick is not None:
            with lock:
                del members[self.nick]
            tell(system(f"{self.nick} left"))
        self.conn.close()


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 9090)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=Session(conn).run, daemon=True).start()
