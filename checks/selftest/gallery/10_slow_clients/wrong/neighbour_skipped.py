"""The members stand in a list; who has drowned is taken out while it is gone through, and the next one is jumped over.

fails: 10.1 09.1
says: from alice did not come to carol
"""

import queue
import socket
import socketserver
import threading

from utils import encode, recv_json

STOP = None


def system(text):
    return encode({"type": "system", "text": text})


class Refused(Exception):
    """Its text is the answer."""


class Room:
    def __init__(self):
        self._mutex = threading.RLock()
        self._members = []  # handlers

    def enter(self, handler, nick):
        with self._mutex:
            if any(other.nick == nick for other in self._members):
                raise Refused(f"{nick}? We have one.")
            handler.nick = nick
            self._members.append(handler)
            self.announce(f"{nick} enters")

    def leave(self, handler):
        with self._mutex:
            if handler in self._members:
                self._members.remove(handler)
                self.announce(f"{handler.nick} leaves")
            elif handler.joined:
                self.announce(f"{handler.nick} leaves")

    def announce(self, text):
        with self._mutex:
            for handler in self._members:
                handler.enqueue(system(text))

    def chat(self, handler, text):
        with self._mutex:
            line = encode({"type": "chat", "user": handler.nick, "text": text})
            for other in self._members:
                if other is not handler and not other.enqueue(line):
                    self._members.remove(other)


room = Room()


class Handler(socketserver.BaseRequestHandler):
    def setup(self):
        self.outbox = queue.Queue(maxsize=1200)
        self.joined = False
        self.sender = threading.Thread(target=self.send_all, daemon=True)
        self.sender.start()

    def enqueue(self, data):
        try:
            self.outbox.put_nowait(data)
            return True
        except queue.Full:
            self.hang_up()
            return False

    def hang_up(self):
        try:
            self.request.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def send_all(self):
        broken = False
        while (data := self.outbox.get()) is not STOP:
            if not broken:
                try:
                    self.request.sendall(data)  # <--
                except OSError:
                    broken = True
                    self.hang_up()

    def on_join(self, obj):
        nick = obj.get("user")
        if self.joined or not isinstance(nick, str) or not 1 <= len(nick.strip()) <= 32:
            raise Refused("no, not like this")
        room.enter(self, nick.strip())
        self.joined = True

    def on_chat(self, obj):
        text = obj.get("text")
        if not self.joined or not isinstance(text, str):
            raise Refused("join, and then say something")
        room.chat(self, text)

    def handle(self):
        pending = bytearray()
        verbs = {"join": self.on_join, "chat": self.on_chat}
        try:
            while (obj := recv_json(self.request, pending)) is not None:
                kind = obj.get("type")
                if kind == "leave":
                    break
                try:
                    if not isinstance(kind, str) or kind not in verbs:
                        raise Refused("join, chat or leave")
                    verbs[kind](obj)
                except Refused as why:
                    self.enqueue(system(str(why)))
        except (OSError, ValueError):
            pass

    def finish(self):
        room.leave(self)
        try:
            self.outbox.put(STOP, timeout=0.5)
        except queue.Full:
            self.hang_up()
            self.outbox.put(STOP)
        self.sender.join(0.5)
        self.hang_up()
        self.sender.join()


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256


if __name__ == "__main__":
    with Server(("127.0.0.1", 9090), Handler) as server:
        server.serve_forever()
