"""Each method of the mapping takes the lock, and lets it go between looking and putting in.

fails: 07.2
says: both of two that asked
"""

import collections.abc
import socket
import threading

import utils

HOST, PORT = "127.0.0.1", 9090


class Room(collections.abc.MutableMapping):
    def __init__(self):
        self.pairs = []
        self.lock = threading.RLock()

    def __getitem__(self, conn):
        with self.lock:
            for key, nick in self.pairs:
                if key is conn:
                    return nick
        raise KeyError(conn)

    def __setitem__(self, conn, nick):
        with self.lock:
            del self[conn]
            self.pairs.append((conn, nick))

    def __delitem__(self, conn):
        with self.lock:
            self.pairs = [pair for pair in self.pairs if pair[0] is not conn]

    def __iter__(self):
        with self.lock:
            return iter([conn for conn, _ in self.pairs])  # <--

    def __len__(self):
        with self.lock:
            return len(self.pairs)

    def claim(self, conn, nick):
        if nick in self.values():
            return None
        self[conn] = nick
        return nick


room = Room()


def post(obj, but=None):
    for conn in room:
        if conn is not but:
            try:
                utils.send_json(conn, obj)
            except OSError:
                pass


def reply(conn, text):
    utils.send_json(conn, {"type": "system", "text": text})


class Talk(threading.Thread):
    def __init__(self, conn):
        super().__init__(daemon=True)
        self.conn, self.buffer, self.nick = conn, bytearray(), None
        self.start()

    def run(self):
        try:
            while (obj := utils.recv_json(self.conn, self.buffer)) is not None and obj.get("type") != "leave":
                getattr(self, f"on_{obj.get('type')}", self.on_else)(obj)
        except (OSError, ValueError, TypeError):
            pass
        finally:
            with room.lock:
                was_in = room.pop(self.conn, None)
            self.conn.close()
            if was_in:
                post({"type": "system", "text": f"{was_in} is out"})

    def on_join(self, obj):
        wanted = obj.get("user")
        if self.nick or not isinstance(wanted, str) or not 0 < len(wanted.strip()) < 33:
            return self.on_else(obj)
        self.nick = room.claim(self.conn, wanted.strip())
        if self.nick:
            post({"type": "system", "text": f"{self.nick} is in"})
        else:
            reply(self.conn, f"{wanted.strip()} is taken")

    def on_chat(self, obj):
        if not self.nick or not isinstance(obj.get("text"), str):
            return self.on_else(obj)
        post({"type": "chat", "user": self.nick, "text": obj["text"]}, but=self.conn)

    def on_else(self, obj):
        reply(self.conn, "no")


with socket.create_server((HOST, PORT)) as listener:
    while True:
        Talk(listener.accept()[0])
