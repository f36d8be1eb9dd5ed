"""A member that breaks off ends its reader; its writer thread waits for ever at the queue.

fails: 09.4 02.3 09.2
says: after
"""

import queue
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

lock = threading.Lock()
members = {}  # nick -> Client


class Client:
    def __init__(self, conn):
        self.conn = conn
        self.nick = None
        self.outbox = queue.SimpleQueue()

    def put(self, **message):
        self.outbox.put(message)

    def write(self):
        while True:
            message = self.outbox.get()  # <--
            if message is None:
                return
            try:
                send_json(self.conn, message)
            except OSError:
                lose(self)


def tell(but=None, **message):
    with lock:
        clients = [client for client in members.values() if client is not but]
    for client in clients:
        client.put(**message)


def lose(client):
    """Take a member out and tell the others, once."""
    with lock:
        if members.get(client.nick) is not client:
            return
        del members[client.nick]
    try:
        client.conn.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    tell(type="system", text=f"{client.nick} has left")


def join(client, nick):
    with lock:
        free = nick not in members
        if free:
            client.nick = nick
            members[nick] = client
    if free:
        tell(type="system", text=f"{nick} has joined")
    else:
        client.put(type="system", text=f"{nick} is taken")


def read(client):
    buffer = bytearray()
    while (obj := recv_json(client.conn, buffer)) is not None:
        match obj:
            case {"type": "join", "user": str(user)} if client.nick is None and 1 <= len(user.strip()) <= 32:
                join(client, user.strip())
            case {"type": "chat", "text": str(text)} if client.nick is not None:
                tell(but=client, type="chat", user=client.nick, text=text)
            case {"type": "leave"}:
                return
            case _:
                client.put(type="system", text="what?")


def serve(conn):
    client = Client(conn)
    writer = threading.Thread(target=client.write, daemon=True)
    writer.start()
    try:
        read(client)
        client.outbox.put(None)
        writer.join()
    except (OSError, ValueError):  # broke off
        pass  # <--
    lose(client)
    conn.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


if __name__ == "__main__":
    main()
