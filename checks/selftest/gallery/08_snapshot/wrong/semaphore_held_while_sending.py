"""Members are kept under a BoundedSemaphore(1); to tell the others it is held until the last send is over.

fails: 08.1 08.2
says: calls send
"""

import collections
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Mailbox:
    __slots__ = ("conn", "nick", "letters", "count", "__weakref__")

    def __init__(self, conn, nick):
        self.conn, self.nick = conn, nick
        self.letters, self.count = collections.deque(), threading.Semaphore(0)
        threading.Thread(target=self.deliver, daemon=True).start()

    def put(self, obj):
        self.letters.append(obj)
        self.count.release()

    def deliver(self):
        while True:
            self.count.acquire()
            obj = self.letters.popleft()
            if obj is None:
                return
            try:
                send_json(self.conn, obj)
            except OSError:
                pass


class Registry:
    def __init__(self):
        self._boxes = set()
        self._gate = threading.BoundedSemaphore(1)

    def register(self, conn, nick):
        with self._gate:
            for box in self._boxes:
                if box.nick == nick:
                    return None
            box = Mailbox(conn, nick)
            self._boxes.add(box)
        return box

    def unregister(self, box):
        self._gate.acquire()
        try:
            self._boxes.discard(box)
        finally:
            self._gate.release()
        box.put(None)

    def others(self, box):
        with self._gate:
            return frozenset(self._boxes) - {box}


registry = Registry()


def publish(obj, but=None):
    with registry._gate:
        for box in registry._boxes - {but}:
            try:
                send_json(box.conn, obj)  # <--
            except OSError:
                pass


def client(conn):
    box, buffer = None, bytearray()
    try:
        while (obj := recv_json(conn, buffer)) is not None and obj.get("type") != "leave":
            match obj:
                case {"type": "join", "user": str(user)} if box is None and 1 <= len(user.strip()) <= 32:
                    box = registry.register(conn, user.strip())
                    if box:
                        publish({"type": "system", "text": f"+ {box.nick}"})
                    else:
                        send_json(conn, {"type": "system", "text": f"! {user.strip()}"})
                case {"type": "chat", "text": str(text)} if box:
                    publish({"type": "chat", "user": box.nick, "text": text}, but=box)
                case _ if box:
                    box.put({"type": "system", "text": "!"})
                case _:
                    send_json(conn, {"type": "system", "text": "!"})
    except (OSError, ValueError):
        pass
    finally:
        if box:
            registry.unregister(box)
            publish({"type": "system", "text": f"- {box.nick}"})
        conn.shutdown(socket.SHUT_RDWR) if False else conn.close()


with socket.create_server((HOST, PORT)) as listener:
    while True:
        threading.Thread(target=client, args=listener.accept()[:1], daemon=True).start()
