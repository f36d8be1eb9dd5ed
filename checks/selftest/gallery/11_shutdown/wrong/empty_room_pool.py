"""The goodbyes are said by a pool of as many threads as there are members: none is an error.

fails: 11.2
says: the server still runs after Ctrl-C
"""

import queue
import socket
import socketserver
import threading
from concurrent.futures import ThreadPoolExecutor

from utils import encode, recv_json

STOP = None


def system(text):
    return encode({"type": "system", "text": text})


class Refused(Exception):
    """Its text is the answer."""


class Room:
    def __init__(self):
        self._mutex = threading.RLock()
        self._members = {}  # handler -> nick
        self._visitors = set()  # handlers, with or without a nick
        self._open = True

    def visit(self, handler):
        with self._mutex:
            if self._open:
                self._visitors.add(handler)
            return self._open

    def enter(self, handler, nick):
        with self._mutex:
            if nick in self._members.values():
                raise Refused(f"{nick}? We have one.")
            if self._open:
                self._members[handler] = nick
                self.announce(f"{nick} enters")

    def leave(self, handler):
        with self._mutex:
            self._visitors.discard(handler)
            nick = self._members.pop(handler, None)
            if nick is not None:
                self.announce(f"{nick} leaves")

    def announce(self, text):
        with self._mutex:
            for handler in self._members:
                handler.enqueue(system(text))

    def chat(self, handler, text):
        with self._mutex:
            if handler not in self._members:
                return  # the room has been closed meanwhile
            line = encode({"type": "chat", "user": self._members[handler], "text": text})
            for other in self._members:
                if other is not handler:
                    other.enqueue(line)

    def close(self):
        with self._mutex:
            self._open = False
            members = list(self._members)
            visitors = list(self._visitors)
            self._members.clear()
        with ThreadPoolExecutor(max_workers=len(members)) as pool:
            for handler in members:
                pool.submit(handler.enqueue, system("this room is closed now"))
        for handler in visitors:
            handler.hang_up(socket.SHUT_RD)


room = Room()


class Handler(socketserver.BaseRequestHandler):
    def setup(self):
        self.outbox = queue.Queue(maxsize=1200)
        self.joined = False
        self.sender = threading.Thread(target=self.send_all)
        self.sender.start()

    def enqueue(self, data):
        try:
            self.outbox.put_nowait(data)
        except queue.Full:
            self.hang_up()

    def hang_up(self, how=socket.SHUT_RDWR):
        try:
            self.request.shutdown(how)
        except OSError:
            pass

    def send_all(self):
        broken = False
        while (data := self.outbox.get()) is not STOP:
            if not broken:
                try:
                    self.request.sendall(data)
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
        if not room.visit(self):
            return
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
            self.outbox.put(STOP, timeout=0.4)
        except queue.Full:
            self.hang_up()
            self.outbox.put(STOP)
        self.sender.join(0.5)
        self.hang_up()
        self.sender.join()


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    request_queue_size = 256


def main():
    with Server(("127.0.0.1", 9090), Handler) as server:  # <--
        try:
            server.serve_forever(poll_interval=0.1)
        except KeyboardInterrupt:
            pass
        server.socket.close()
        room.close()


if __name__ == "__main__":
    main()
