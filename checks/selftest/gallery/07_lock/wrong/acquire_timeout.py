"""Takes the lock with a timeout "against deadlocks" and never looks whether it got it.
fails: 07.3 07.2
says: the thread of boris copies `clients` at server.py:
When a send under the lock is stuck for half a second, the next thread goes on without the lock, and then releases the other's.
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}


class SafeLock:
    """A lock that cannot deadlock."""

    def __init__(self, timeout=0.5):
        self._lock = threading.Lock()
        self._timeout = timeout

    def __enter__(self):
        self._lock.acquire(timeout=self._timeout)  # <--
        return self

    def __exit__(self, *exc):
        if self._lock.locked():
            self._lock.release()


lock = SafeLock()


def system(text):
    return {"type": "system", "text": text}


def broadcast(sender, obj, include_sender=False):
    with lock:
        for conn in list(clients):
            if include_sender or conn is not sender:
                try:
                    send_json(conn, obj)
                except OSError:
                    pass


def handle_client(conn, addr):
    nick = None
    buffer = bytearray()
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        wanted = user.strip()
                        with lock:
                            if wanted not in clients.values():
                                nick = clients[conn] = wanted
                        if nick:
                            broadcast(conn, system(f"{nick} has joined"), True)
                        else:
                            send_json(conn, system(f"{wanted} is taken"))
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        broadcast(conn, {"type": "chat", "user": nick, "text": text})
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, system("refused"))
        except (OSError, ValueError) as error:
            print(addr, error)
        finally:
            with lock:
                gone = clients.pop(conn, None)
            if gone is not None:
                broadcast(conn, system(f"{gone} has left"))


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
