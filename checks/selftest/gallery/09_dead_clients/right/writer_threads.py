"""A queue and a writer thread for each client: a writer whose send fails wakes the reader, which takes the member out."""

import json
import queue
import socket
import threading

from utils import recv_json

HOST, PORT = "127.0.0.1", 9090

lock = threading.Lock()
members = {}  # nick -> Client


class Client:
    def __init__(self, conn):
        self.conn, self.nick, self.outbox = conn, None, queue.SimpleQueue()

    def write(self):
        while (obj := self.outbox.get()) is not None:
            try:
                self.conn.sendall(json.dumps(obj).encode() + b"\n")
            except OSError:
                break
        try:
            self.conn.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def read(self):
        buffer = bytearray()
        while (obj := recv_json(self.conn, buffer)) is not None and obj.get("type") != "leave":
            with lock:
                self.obey(obj)

    def obey(self, obj):
        """The caller holds the lock: all that is put into outboxes now has one order for all."""
        match obj:
            case {"type": "join", "user": str(user)} if self.nick is None and 1 <= len(user.strip()) <= 32:
                if members.setdefault(user.strip(), self) is self:
                    self.nick = user.strip()
                    put(members.values(), type="system", text=f"{self.nick} moves in")
                else:
                    put([self], type="system", text=f"{user.strip()} has moved in before")
            case {"type": "chat", "text": str(text)} if self.nick is not None:
                put([other for other in members.values() if other is not self], type="chat", user=self.nick, text=text)
            case _:
                put([self], type="system", text="that is against the rules of the house")

    def run(self):
        writer = threading.Thread(target=self.write, daemon=True)
        writer.start()
        try:
            self.read()
        except (OSError, ValueError, RecursionError) as error:
            print(repr(error))
        finally:
            with lock:
                if self.nick is not None:
                    del members[self.nick]
                    put(members.values(), type="system", text=f"{self.nick} moves out")
            self.outbox.put(None)
            writer.join()
            self.conn.close()


def put(receivers, **obj):
    for receiver in receivers:
        receiver.outbox.put(obj)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=Client(conn).run, daemon=True).start()


if __name__ == "__main__":
    main()
