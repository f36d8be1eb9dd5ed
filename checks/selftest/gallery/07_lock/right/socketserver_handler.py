"""A ThreadingTCPServer: the server object has the lock and the set of its handlers, which are the members."""

import socketserver
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class ChatServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 100

    def __init__(self, *args):
        self.lock = threading.Lock()
        self.handlers = set()
        super().__init__(*args)

    def enter(self, handler, nick):
        with self.lock:
            for other in self.handlers:
                if other.nick == nick:
                    return False
            handler.nick = nick  # not changed any more once the handler is in the set
            self.handlers.add(handler)
            return True

    def leave(self, handler):
        with self.lock:
            self.handlers.remove(handler)

    def broadcast(self, kind, but=None, **fields):
        with self.lock:
            for handler in self.handlers - {but}:
                try:
                    handler.send(kind, **fields)
                except OSError:
                    pass


class ChatHandler(socketserver.BaseRequestHandler):
    nick = None

    def send(self, kind, **fields):
        send_json(self.request, {"type": kind, **fields})

    def handle(self):
        buffer = bytearray()
        try:
            while (obj := recv_json(self.request, buffer)) is not None and obj.get("type") != "leave":
                self.answer(obj)
        except (OSError, ValueError) as error:
            print(self.client_address, error)

    def answer(self, obj):
        match obj:
            case {"type": "join", "user": str(user)} if self.nick is None and 1 <= len(user.strip()) <= 32:
                if self.server.enter(self, user.strip()):
                    self.server.broadcast("system", text=f"{self.nick} joined")
                else:
                    self.send("system", text=f"{user.strip()} is taken")
            case {"type": "chat", "text": str(text)} if self.nick is not None:
                self.server.broadcast("chat", but=self, user=self.nick, text=text)
            case _:
                self.send("system", text="not possible")

    def finish(self):
        if self.nick is not None:
            self.server.leave(self)
            self.server.broadcast("system", text=f"{self.nick} left")


if __name__ == "__main__":
    with ChatServer((HOST, PORT), ChatHandler) as server:
        server.serve_forever()
