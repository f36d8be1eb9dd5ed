"""Lesson 10: as in Java: an ExecutorService does all the sending, with a serial queue for each member.

fails: 10.1
says: from alice did not come to carol
The pool has eight threads for all members: eight that do not read hold all of them, and nobody hears anything any more.
"""

import socket
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090
LIMIT = 1 << 20

executor = ThreadPoolExecutor(max_workers=8)  # <-- one is held for as long as its member likes


class SerialSender:
    """Sends in order: at most one task of it is in the pool at a time."""

    def __init__(self, conn):
        self.conn = conn
        self.tasks = deque()
        self.size = 0
        self.active = False
        self.idle = threading.Condition()

    def submit(self, obj):
        data = encode(obj)
        with self.idle:
            if self.size + len(data) > LIMIT:
                self.abort()
                return
            self.tasks.append(data)
            self.size += len(data)
            if not self.active:
                self.active = True
                executor.submit(self.run)

    def run(self):
        while True:
            with self.idle:
                if not self.tasks:
                    self.active = False
                    self.idle.notify_all()
                    return
                data = self.tasks.popleft()
                self.size -= len(data)
            try:
                self.conn.sendall(data)  # <--
            except OSError:
                self.abort()

    def abort(self):
        try:
            self.conn.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def await_termination(self):
        with self.idle:
            if not self.idle.wait_for(lambda: not self.active, timeout=1):
                self.abort()
                self.idle.wait_for(lambda: not self.active)


class ChatRoom:
    def __init__(self):
        self.lock = threading.Lock()
        self.members = {}

    def add(self, nick, sender):
        with self.lock:
            if nick in self.members:
                return False
            self.members[nick] = sender
            self._all({"type": "system", "text": nick + " has joined"})
            return True

    def remove(self, nick):
        with self.lock:
            if self.members.pop(nick, None) is not None:
                self._all({"type": "system", "text": nick + " has left"})

    def say(self, nick, text):
        with self.lock:
            self._all({"type": "chat", "user": nick, "text": text}, nick)

    def _all(self, obj, but=None):
        for nick, sender in self.members.items():
            if nick != but:
                sender.submit(obj)


room = ChatRoom()


class ClientTask(threading.Thread):
    def __init__(self, conn):
        super().__init__(daemon=True)
        self.conn = conn
        self.sender = SerialSender(conn)
        self.nick = None

    def run(self):
        with self.conn:
            buffer = bytearray()
            try:
                while (obj := recv_json(self.conn, buffer)) is not None and obj.get("type") != "leave":
                    self.treat(obj)
            except (OSError, ValueError):
                pass
            finally:
                if self.nick is not None:
                    room.remove(self.nick)
                self.sender.await_termination()

    def treat(self, obj):
        kind, user, text = obj.get("type"), obj.get("user"), obj.get("text")
        if kind == "join" and self.nick is None and isinstance(user, str) and 1 <= len(user.strip()) <= 32:
            if room.add(user.strip(), self.sender):
                self.nick = user.strip()
            else:
                self.sender.submit({"type": "system", "text": user.strip() + " exists"})
        elif kind == "chat" and self.nick is not None and isinstance(text, str):
            room.say(self.nick, text)
        else:
            self.sender.submit({"type": "system", "text": "IllegalArgumentException"})


def main():
    for _ in range(8):  # prestartAllCoreThreads()
        executor.submit(threading.Event().wait, 0.05)
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            ClientTask(conn).start()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        import os
        os._exit(130)  # the pool's threads are no daemons
