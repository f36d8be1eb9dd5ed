"""A large bound, 40 MB in bytes, counted by hand beside a SimpleQueue; what is in the writer's hand counts, too."""

import queue
import socket
import threading

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090
MOST = 40_000_000

lock = threading.Lock()
members = {}  # nick -> Outbox


class Outbox:
    END = object()

    def __init__(self, conn):
        self.conn, self.items = conn, queue.SimpleQueue()
        self.size, self.size_lock = 0, threading.Lock()

    def add(self, obj):
        data = encode(obj)
        with self.size_lock:
            self.size += len(data)
            too_much = self.size > MOST
        if too_much:
            self.break_off()
        else:
            self.items.put(data)

    def run(self):
        while (data := self.items.get()) is not self.END:
            try:
                self.conn.sendall(data)
            except OSError:
                self.break_off()
            with self.size_lock:
                self.size -= len(data)

    def break_off(self):
        try:
            self.conn.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def add_to_all(obj, but=None):
    for outbox in members.values():
        if outbox is not but:
            outbox.add(obj)


def talk(outbox, conn):
    nick, buffer = None, bytearray()
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            match obj:
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    with lock:
                        if user.strip() in members:
                            outbox.add({"type": "system", "text": "no"})
                        else:
                            nick = user.strip()
                            members[nick] = outbox
                            add_to_all({"type": "system", "text": f"hello {nick}"})
                case {"type": "chat", "text": str(text)} if nick is not None:
                    with lock:
                        add_to_all({"type": "chat", "user": nick, "text": text}, but=outbox)
                case {"type": "leave"}:
                    return
                case _:
                    outbox.add({"type": "system", "text": "no, no"})
    finally:
        with lock:
            if nick is not None:
                del members[nick]
                add_to_all({"type": "system", "text": f"goodbye {nick}"})


def handle(conn):
    with conn:
        outbox = Outbox(conn)
        writer = threading.Thread(target=outbox.run, daemon=True)
        writer.start()
        try:
            talk(outbox, conn)
        except (OSError, ValueError, RecursionError):
            pass
        outbox.items.put(Outbox.END)
        writer.join(0.3)
        outbox.break_off()
        writer.join()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
