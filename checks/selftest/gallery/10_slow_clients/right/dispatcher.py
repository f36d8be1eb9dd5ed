"""One thread owns the room and reads events from a queue; it puts into the outboxes and never waits, and there is no lock."""

import queue
import socket
import threading

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090
MOST = 100

events = queue.Queue()  # (what, Connection, message)


class Connection:
    def __init__(self, sock):
        self.sock, self.outbox = sock, queue.Queue(MOST + 1)  # one more for the end
        self.nick = None  # the dispatcher's
        self.gone = threading.Event()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        writer = threading.Thread(target=self.write, daemon=True)
        writer.start()
        buffer = bytearray()
        try:
            while (obj := recv_json(self.sock, buffer)) is not None and obj.get("type") != "leave":
                events.put(("said", self, obj))
        except (OSError, ValueError, RecursionError):
            pass
        events.put(("gone", self, None))
        self.gone.wait()
        writer.join(0.5)
        self.cut_off()
        writer.join()
        self.sock.close()

    def write(self):
        while data := self.outbox.get():
            try:
                self.sock.sendall(data)
            except OSError:
                self.cut_off()

    def tell(self, data):
        if self.outbox.qsize() < MOST:  # the dispatcher alone puts in
            self.outbox.put_nowait(data)
        else:
            self.cut_off()

    def cut_off(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Dispatcher(threading.Thread):
    def run(self):
        self.members = {}  # nick -> Connection
        while True:
            what, connection, obj = events.get()
            if what == "said":
                self.said(connection, obj)
            else:
                self.gone(connection)

    def said(self, connection, obj):
        match obj:
            case {"type": "join", "user": str(user)} if connection.nick is None and 1 <= len(user.strip()) <= 32:
                if user.strip() in self.members:
                    self.tell([connection], f"we have a {user.strip()}")
                else:
                    connection.nick = user.strip()
                    self.members[connection.nick] = connection
                    self.tell(self.members.values(), f"over to {connection.nick}")
            case {"type": "chat", "text": str(text)} if connection.nick is not None:
                data = encode({"type": "chat", "user": connection.nick, "text": text})
                for other in self.members.values():
                    if other is not connection:
                        other.tell(data)
            case _:
                self.tell([connection], "say again")

    def gone(self, connection):
        if connection.nick is not None:
            del self.members[connection.nick]
            self.tell(self.members.values(), f"over and out: {connection.nick}")
        connection.outbox.put_nowait(b"")
        connection.gone.set()

    def tell(self, connections, text):
        data = encode({"type": "system", "text": text})
        for connection in connections:
            connection.tell(data)


def main():
    Dispatcher(daemon=True).start()
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            Connection(listener.accept()[0])


if __name__ == "__main__":
    main()
