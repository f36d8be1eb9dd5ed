"""socketserver; who has not joined yet is in a lobby, and the refusal is posted there.

fails: 07.1

Other clients that wait without a nick hear somebody else's refusal.
"""

import json
import socketserver
import threading

HOST, PORT = "127.0.0.1", 9090
MAX = 65_536


class Handler(socketserver.StreamRequestHandler):
    """A client; self is what the room knows of it."""

    nick = None

    def read(self):
        """The next message, or None at the end."""
        line = self.rfile.readline(MAX)
        if not line.endswith(b"\n"):
            return None
        try:
            obj = json.loads(line.decode())
        except (ValueError, RecursionError):
            return None
        return obj if isinstance(obj, dict) else None

    def reply(self, text):
        self.send({"type": "system", "text": text})

    def send(self, obj):
        self.wfile.write(json.dumps(obj).encode() + b"\n")

    def handle(self):
        with self.server.lock:
            self.server.lobby.add(self)
        try:
            while (obj := self.read()) is not None:
                if obj.get("type") == "leave":
                    break
                self.do(obj)
        except OSError:
            pass
        finally:
            self.go()

    def do(self, obj):
        match obj:
            case {"type": "join", "user": str(user)} if self.nick is None and 1 <= len(user.strip()) <= 32:
                self.join(user.strip())
            case {"type": "chat", "text": str(text)} if self.nick is not None:
                self.server.tell({"type": "chat", "user": self.nick, "text": text}, but=self)
            case _:
                self.reply("this makes no sense here")

    def join(self, nick):
        room = self.server
        with room.lock:
            taken = any(member.nick == nick for member in room.members)
            if not taken:
                self.nick = nick
                room.members.add(self)
                room.lobby.discard(self)
        if taken:
            text = {"type": "system", "text": f"{nick}: this nick is taken"}
            with room.lock:
                lobby = list(room.lobby)
            for other in lobby:  # <--
                other.send(text)  # <--
        else:
            room.tell({"type": "system", "text": f"{nick} is here"})

    def go(self):
        room = self.server
        with room.lock:
            was_in = self in room.members
            room.members.discard(self)
            room.lobby.discard(self)
        if was_in:
            room.tell({"type": "system", "text": f"{self.nick} is gone"})


class Server(socketserver.ThreadingTCPServer):
    """The room."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self):
        super().__init__((HOST, PORT), Handler)
        self.lock = threading.Lock()
        self.members = set()
        self.lobby = set()

    def tell(self, obj, but=None):
        with self.lock:
            audience = [member for member in self.members if member is not but]
        for member in audience:
            try:
                member.send(obj)
            except OSError:
                pass


if __name__ == "__main__":
    with Server() as server:
        server.serve_forever()
