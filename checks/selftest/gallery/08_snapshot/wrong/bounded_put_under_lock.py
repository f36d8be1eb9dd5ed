"""Puts into the members' outboxes under the lock; they hold ten messages, and a full one makes it wait.

fails: 08.1
says: the thread of walter calls put
"""

import queue
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Client:
    def __init__(self, conn):
        self.conn = conn
        self.nick = None
        self.outbox = queue.Queue(maxsize=10)

    def put(self, kind, text, **more):
        self.outbox.put({"type": kind, "text": text, **more})  # <--

    def write(self):
        """Send what is in the outbox, until None."""
        while (obj := self.outbox.get()) is not None:
            try:
                send_json(self.conn, obj)
            except OSError:
                pass


class Lobby:
    def __init__(self):
        self.clients = []
        self.lock = threading.Lock()

    def join(self, client, nick):
        with self.lock:
            if any(other.nick == nick for other in self.clients):
                return False
            client.nick = nick
            self.clients.append(client)
            return True

    def quit(self, client):
        with self.lock:
            if client in self.clients:
                self.clients.remove(client)
                return True
            return False

    def tell(self, kind, text, but=None, **more):
        with self.lock:
            for client in self.clients:
                if client is not but:
                    client.put(kind, text, **more)  # <--


lobby = Lobby()


def read(client):
    buffer, joined = bytearray(), False
    while (obj := recv_json(client.conn, buffer)) is not None:
        kind, user, text = obj.get("type"), obj.get("user"), obj.get("text")
        if kind == "leave":
            return
        if kind == "join" and not joined and isinstance(user, str) and 1 <= len(user.strip()) <= 32:
            joined = lobby.join(client, user.strip())
            if joined:
                lobby.tell("system", f"{client.nick} joined")
            else:
                client.put("system", f"{user.strip()} is taken")
        elif kind == "chat" and joined and isinstance(text, str):
            lobby.tell("chat", text, but=client, user=client.nick)
        else:
            client.put("system", "that was wrong")


def handle_client(conn):
    client = Client(conn)
    writer = threading.Thread(target=client.write, daemon=True)
    writer.start()
    try:
        read(client)
    except (OSError, ValueError):
        pass
    if lobby.quit(client):
        lobby.tell("system", f"{client.nick} left")
    client.outbox.put(None)
    writer.join()
    conn.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle_client, args=(listener.accept()[0],), daemon=True).start()


if __name__ == "__main__":
    main()
