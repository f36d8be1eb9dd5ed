"""A dict whose writing methods take the lock; those that read are dict's own.

fails: 07.3 07.2
says: the thread of alice looks into `clients` at server.py:
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class SafeDict(dict):
    """A dict for many threads."""

    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()

    def __setitem__(self, key, value):
        with self.lock:
            super().__setitem__(key, value)

    def pop(self, key, default=None):
        with self.lock:
            return super().pop(key, default)


clients = SafeDict()  # nick -> connection


def system(text):
    return {"type": "system", "text": text}


def broadcast(obj, but=None):
    for nick, conn in list(clients.items()):  # <--
        if nick != but:
            try:
                send_json(conn, obj)
            except OSError:
                pass


def handle_client(conn):
    buffer, nick = bytearray(), None
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        if user.strip() in clients:  # <--
                            send_json(conn, system(f"{user.strip()} is taken"))
                            continue
                        nick = user.strip()
                        clients[nick] = conn
                        broadcast(system(f"{nick} has joined"))
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        broadcast({"type": "chat", "user": nick, "text": text}, but=nick)
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, system("no"))
        except (OSError, ValueError):
            pass
        if nick is not None:
            clients.pop(nick)
            broadcast(system(f"{nick} has left"))


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
