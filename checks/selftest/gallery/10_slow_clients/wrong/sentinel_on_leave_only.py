"""Only who says leave has its writer ended; who goes without a word leaves it behind.

fails: 10.5
says: after bob finishes sending the server has
"""

import queue
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

members = {}  # nick -> Client
lock = threading.Lock()


class Client:
    def __init__(self, conn):
        self.conn, self.nick = conn, None
        self.outbox = queue.Queue(maxsize=64)
        self.writer = threading.Thread(target=self.write, daemon=True)
        self.writer.start()

    def tell(self, obj):
        """Never waits: who has 64 messages to read is thrown out."""
        try:
            self.outbox.put_nowait(obj)
        except queue.Full:
            self.hang_up()

    def write(self):
        while (obj := self.outbox.get()) is not None:  # <--
            try:
                send_json(self.conn, obj)
            except OSError:
                self.hang_up()

    def hang_up(self):
        try:
            self.conn.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def tell_all(obj, but=None):
    """The caller holds the lock."""
    for member in members.values():
        if member is not but:
            member.tell(obj)


def obey(client, obj):
    match obj:
        case {"type": "join", "user": str(user)} if client.nick is None and 1 <= len(user.strip()) <= 32:
            with lock:
                if user.strip() not in members:
                    client.nick = user.strip()
                    members[client.nick] = client
                    tell_all({"type": "system", "text": f"{client.nick} came in"})
                    return
            client.tell({"type": "system", "text": f"{user.strip()} is in already"})
        case {"type": "chat", "text": str(text)} if client.nick is not None:
            with lock:
                tell_all({"type": "chat", "user": client.nick, "text": text}, but=client)
        case _:
            client.tell({"type": "system", "text": "I do not understand"})


def serve(conn):
    buffer = bytearray()
    with conn:
        client = Client(conn)
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                if obj.get("type") == "leave":
                    client.outbox.put(None)
                    client.writer.join(0.5)
                    break
                obey(client, obj)
        except (OSError, ValueError, RecursionError):
            pass
        finally:
            with lock:
                if client.nick is not None:
                    del members[client.nick]
                    tell_all({"type": "system", "text": f"{client.nick} went out"})
            client.hang_up()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=serve, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
