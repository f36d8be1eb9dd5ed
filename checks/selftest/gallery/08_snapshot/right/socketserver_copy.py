"""A ThreadingTCPServer with stream handlers, which are the members; the snapshot is made by copy.copy."""

import copy
import json
import socketserver
import threading

HOST, PORT = "127.0.0.1", 9090
LIMIT = 65_536


class Chat(socketserver.StreamRequestHandler):
    room = []
    lock = threading.Lock()
    nick = None

    @classmethod
    def all(cls):
        with cls.lock:
            return copy.copy(cls.room)

    def read(self):
        """Return the next message, None at the end. Raises ValueError."""
        line = self.rfile.readline(LIMIT + 1)
        if len(line) > LIMIT:
            raise ValueError("line too long")
        if not line.endswith(b"\n"):
            return None
        obj = json.loads(line.decode())
        if not isinstance(obj, dict):
            raise ValueError("not an object")
        return obj

    def send(self, **obj):
        self.wfile.write(json.dumps(obj).encode() + b"\n")

    def tell(self, receivers, **obj):
        for handler in receivers:
            try:
                handler.send(**obj)
            except (OSError, ValueError):  # gone, or its wfile closed already
                pass

    def take(self, nick):
        with self.lock:
            if nick in [other.nick for other in self.room]:
                return False
            self.nick = nick
            self.room.append(self)
            return True

    def handle(self):
        try:
            while (obj := self.read()) is not None and obj.get("type") != "leave":
                self.obey(obj)
        except (OSError, ValueError, RecursionError):
            pass

    def obey(self, obj):
        match obj:
            case {"type": "join", "user": str(user)} if self.nick is None and 1 <= len(user.strip()) <= 32:
                if self.take(user.strip()):
                    self.tell(self.all(), type="system", text=f"{self.nick} is being served")
                else:
                    self.send(type="system", text=f"{user.strip()} is being served already")
            case {"type": "chat", "text": str(text)} if self.nick is not None:
                self.tell([other for other in self.all() if other is not self], type="chat", user=self.nick, text=text)
            case _:
                self.send(type="system", text="we do not serve that")

    def finish(self):
        if self.nick is not None:
            with self.lock:
                self.room.remove(self)
            self.tell(self.all(), type="system", text=f"{self.nick} has paid and gone")
        super().finish()


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 100


if __name__ == "__main__":
    with Server((HOST, PORT), Chat) as server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("closed")
