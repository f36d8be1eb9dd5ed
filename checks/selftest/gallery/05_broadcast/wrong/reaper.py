"""Chat room with a reaper thread: who has not sent anything for two minutes is disconnected.

fails: 01.1
says: the server closed
"""
import socket
import threading
import time

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
IDLE_LIMIT = 120
CHECK_EVERY = 10


class Client:
    def __init__(self, conn):
        self.conn = conn
        self.nick = None
        self.last_seen = time.monotonic()

    def touch(self):
        self.last_seen = time.monotonic()

    @property
    def idle(self):
        return time.monotonic() - self.last_seen

    def kick(self):
        try:
            self.conn.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Hub:
    def __init__(self):
        self.clients = set()
        self.guard = threading.RLock()

    def add(self, client):
        with self.guard:
            self.clients.add(client)

    def discard(self, client):
        with self.guard:
            there = client in self.clients
            self.clients.discard(client)
        return there

    def all(self):
        with self.guard:
            return set(self.clients)

    def broadcast(self, obj, sender=None):
        for c in self.all() - {sender}:
            try:
                send_json(c.conn, obj)
            except OSError:
                pass

    def reap_forever(self):
        while True:
            time.sleep(CHECK_EVERY)
            for c in self.all():
                if c.idle > IDLE_LIMIT:
                    c.kick()  # <--


hub = Hub()


def serve(client):
    buffer = bytearray()
    try:
        while (obj := recv_json(client.conn, buffer)) is not None:
            client.touch()
            match obj:
                case {"type": "join", "user": str(user)} if client.nick is None and 1 <= len(user.strip()) <= 32:
                    client.nick = user.strip()
                    hub.add(client)
                    hub.broadcast({"type": "system", "text": f"+ {client.nick}"})
                case {"type": "chat", "text": str(text)} if client.nick is not None:
                    hub.broadcast({"type": "chat", "user": client.nick, "text": text}, client)
                case {"type": "leave"}:
                    break
                case _:
                    send_json(client.conn, {"type": "system", "text": "refused"})
    except (OSError, ValueError):
        pass
    finally:
        if hub.discard(client):
            hub.broadcast({"type": "system", "text": f"- {client.nick}"})
        client.conn.close()


def main():
    threading.Thread(target=hub.reap_forever, daemon=True, name="reaper").start()
    with socket.create_server((HOST, PORT), backlog=128) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=serve, args=(Client(conn),), daemon=True).start()


if __name__ == "__main__":
    main()
