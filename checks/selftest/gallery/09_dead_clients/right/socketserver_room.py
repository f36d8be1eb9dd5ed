"""A ThreadingTCPServer; the handlers are the members, and a handler that cannot be written to is dropped by the server."""

import json
import socket
import socketserver
import threading

from utils import recv_json

HOST, PORT = "127.0.0.1", 9090


class Handler(socketserver.BaseRequestHandler):
    nick = None

    def send(self, **obj):
        self.request.sendall(json.dumps(obj).encode() + b"\n")

    def handle(self):
        buffer = bytearray()
        try:
            while (obj := recv_json(self.request, buffer)) is not None:
                if obj.get("type") == "leave" or self.nick is not None and not self.server.has(self):
                    break
                self.obey(obj)
        except (OSError, ValueError, RecursionError) as error:
            print(self.client_address, repr(error))

    def obey(self, obj):
        match obj:
            case {"type": "join", "user": str(user)} if self.nick is None and 1 <= len(user.strip()) <= 32:
                if self.server.admit(self, user.strip()):
                    self.server.post(type="system", text=f"{self.nick} is connected")
                else:
                    self.send(type="system", text=f"{user.strip()} is connected elsewhere")
            case {"type": "chat", "text": str(text)} if self.nick is not None:
                self.server.post(but=self, type="chat", user=self.nick, text=text)
            case _:
                self.send(type="system", text="400 Bad Request")

    def finish(self):
        if self.server.drop([self]):
            self.server.post(type="system", text=f"{self.nick} is disconnected")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128
    members = frozenset()
    lock = threading.Lock()

    def admit(self, handler, nick):
        with self.lock:
            if nick in {member.nick for member in self.members}:
                return False
            handler.nick = nick
            self.members = self.members | {handler}
            return True

    def has(self, handler):
        with self.lock:
            return handler in self.members

    def drop(self, handlers):
        """Return those of them that were members until now."""
        with self.lock:
            dropped = self.members.intersection(handlers)
            self.members = self.members - dropped
            for handler in dropped:
                try:
                    handler.request.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            return dropped

    def post(self, but=None, **obj):
        with self.lock:
            receivers = self.members
        failed = []
        for member in receivers:
            if member is not but:
                try:
                    member.send(**obj)
                except OSError:
                    failed.append(member)
        while failed:
            for member in self.drop([failed.pop()]):
                failed += self.try_all(f"{member.nick} has lost the connection")

    def try_all(self, text):
        """Return the members that did not get it."""
        with self.lock:
            receivers = self.members
        failed = []
        for member in receivers:
            try:
                member.send(type="system", text=text)
            except OSError:
                failed.append(member)
        return failed


if __name__ == "__main__":
    with Server((HOST, PORT), Handler) as server:
        server.serve_forever()
