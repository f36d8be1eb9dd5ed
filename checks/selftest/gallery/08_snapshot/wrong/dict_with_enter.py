"""The members are a dict that is its own lock: `with clients:` is held while sending.

fails: 08.1 08.2
says: the thread of walter calls send
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Guarded(dict):
    """A dict to be used in a `with`."""

    def __init__(self):
        super().__init__()
        self._lock = threading.Lock()

    def __enter__(self):
        self._lock.acquire()
        return self

    def __exit__(self, *exception):
        self._lock.release()


clients = Guarded()  # nick -> connection


def try_to_send(conn, obj):
    try:
        send_json(conn, obj)  # <--
    except OSError:
        pass


def system(text):
    return {"type": "system", "text": text}


def broadcast(obj, but=None):
    with clients:
        for nick in clients:
            if nick != but:
                try_to_send(clients[nick], obj)  # <--


def handle_client(conn):
    nick, buffer = None, bytearray()
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            match obj:
                case {"type": "leave"}:
                    break
                case {"type": "join", "user": str(user)} if nick is None and 0 < len(user.strip()) <= 32:
                    with clients:
                        if user.strip() not in clients:
                            nick = user.strip()
                            clients[nick] = conn
                    if nick is None:
                        send_json(conn, system(f"{user.strip()} is taken"))
                    else:
                        broadcast(system(f"{nick} arrives"))
                case {"type": "chat", "text": str(text)} if nick is not None:
                    broadcast({"type": "chat", "user": nick, "text": text}, but=nick)
                case _:
                    send_json(conn, system("not now"))
    except (OSError, ValueError):
        pass
    finally:
        if nick is not None:
            with clients:
                del clients[nick]
            broadcast(system(f"{nick} departs"))
        conn.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
