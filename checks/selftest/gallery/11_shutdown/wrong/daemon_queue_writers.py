"""Queues with daemon writers, and nobody joins them.

fails: 11.1 11.2
says: Ctrl-C
"""

import queue
import socket
import threading
import time

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090
MOST = 200  # messages that may wait for one client
PATIENCE = 1.2  # seconds at the end, for all of them together

lock = threading.Lock()
members = {}  # nick -> Client
everybody = set()
closing = False


class Client:
    def __init__(self, conn):
        self.conn, self.nick = conn, None
        self.queue = queue.Queue(MOST)
        self.threads = [threading.Thread(target=self.read, daemon=True), threading.Thread(target=self.write, daemon=True)]

    def put(self, obj):
        try:
            self.queue.put_nowait(obj and encode(obj))
        except queue.Full:
            self.break_off()

    def break_off(self):
        try:
            self.conn.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def write(self):
        try:
            while (data := self.queue.get()) is not None:
                self.conn.sendall(data)  # <--
        except OSError:
            self.break_off()
            while self.queue.get() is not None:
                pass

    def read(self):
        with self.conn:
            try:
                buffer = bytearray()
                while (obj := recv_json(self.conn, buffer)) is not None:
                    if obj.get("type") == "leave":
                        break
                    self.handle(obj)
            except (OSError, ValueError):
                pass
            self.goes()
            while self.threads[1].is_alive():
                try:
                    self.queue.put(None, timeout=0.1)
                except queue.Full:
                    self.break_off()
                    continue
                self.threads[1].join(PATIENCE)
                self.break_off()
                self.threads[1].join()

    def handle(self, obj):
        match obj:
            case {"type": "join", "user": str(user)} if self.nick is None and 1 <= len(user.strip()) <= 32:
                nick = user.strip()
                with lock:
                    if nick in members:
                        self.put({"type": "system", "text": f"{nick} is here already"})
                    else:
                        self.nick = nick
                        members[nick] = self
                        for member in members.values():
                            member.put({"type": "system", "text": f"{nick} comes in"})
            case {"type": "chat", "text": str(text)} if self.nick is not None:
                with lock:
                    for member in members.values():
                        if member is not self:
                            member.put({"type": "chat", "user": self.nick, "text": text})
            case _:
                self.put({"type": "system", "text": "what do you mean?"})

    def goes(self):
        with lock:
            everybody.discard(self)
            if self.nick is not None:
                del members[self.nick]
                if not closing:
                    for member in members.values():
                        member.put({"type": "system", "text": f"{self.nick} goes out"})


def stop():
    global closing
    with lock:
        closing = True
        all_of_them = list(everybody)
        for client in all_of_them:
            client.put({"type": "system", "text": "closing time"})
            try:
                client.conn.shutdown(socket.SHUT_RD)
            except OSError:
                pass


def main():
    with socket.create_server((HOST, PORT)) as listener:
        try:
            while True:
                conn, _ = listener.accept()
                client = Client(conn)
                with lock:
                    everybody.add(client)
                for thread in reversed(client.threads):  # the reader ends the writer
                    thread.start()
        except KeyboardInterrupt:
            print("stopping")
    stop()


if __name__ == "__main__":
    main()
