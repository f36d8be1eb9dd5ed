"""Chats go into the outboxes; that somebody comes or goes is sent to each by the thread that knows it.

fails: 10.1 10.2 10.3
says: no system message with 'dave' in it came to dave
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
        while (obj := self.outbox.get()) is not None:
            try:
                send_json(self.conn, obj)
            except OSError:
                self.hang_up()

    def hang_up(self):
        try:
            self.conn.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def end(self):
        """The reader is through, and nobody else has this client any more."""
        try:
            self.outbox.put(None, timeout=0.5)
        except queue.Full:
            self.hang_up()
            self.outbox.put(None)  # the writer, whose sends fail, makes room
        self.writer.join(0.5)
        self.hang_up()
        self.writer.join()


def tell_all(obj, but=None):
    """The caller holds the lock."""
    for member in members.values():
        if member is not but:
            member.tell(obj)


def announce(others, text):
    for other in others:
        try:
            send_json(other.conn, {"type": "system", "text": text})  # <--
        except OSError:
            other.hang_up()


def obey(client, obj):
    match obj:
        case {"type": "join", "user": str(user)} if client.nick is None and 1 <= len(user.strip()) <= 32:
            with lock:
                if user.strip() not in members:
                    client.nick = user.strip()
                    members[client.nick] = client
                    others = list(members.values())
                else:
                    others = []
            if others:
                announce(others, f"{client.nick} came in")
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
            while (obj := recv_json(conn, buffer)) is not None and obj.get("type") != "leave":
                obey(client, obj)
        except (OSError, ValueError, RecursionError):
            pass
        finally:
            with lock:
                if client.nick is not None:
                    del members[client.nick]
                others = list(members.values())
            if client.nick is not None:
                announce(others, f"{client.nick} went out")
            client.end()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=serve, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
