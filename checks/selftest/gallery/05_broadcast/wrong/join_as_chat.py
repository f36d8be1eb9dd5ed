"""A join is announced to the others as a chat message of a user called server.

fails: 05.1 01.1 01.2 01.3 01.4 01.5 02.1 05.2 05.4 05.5
says: no system message with 'carol' in it came to alice
"""

import json
import socketserver
import threading

HOST, PORT = "127.0.0.1", 9090
LIMIT = 65_536

room = []
room_lock = threading.Lock()


class Visitor(socketserver.StreamRequestHandler):
    nick = None

    def read(self):
        line = self.rfile.readline(LIMIT + 1)
        if len(line) > LIMIT or not line.endswith(b"\n"):
            return None
        obj = json.loads(line.decode())
        return obj if isinstance(obj, dict) else None

    def send(self, kind, **fields):
        try:
            self.wfile.write(json.dumps({"type": kind, **fields}).encode() + b"\n")
        except OSError:
            pass

    def room_mates(self):
        with room_lock:
            return [visitor for visitor in room if visitor is not self]

    def announce(self, text):
        for visitor in self.room_mates():
            visitor.send("system", text=text)

    def handle(self):
        try:
            while (obj := self.read()) is not None and obj.get("type") != "leave":
                self.on_message(obj)
        except (OSError, ValueError):
            pass
        finally:
            with room_lock:
                if self in room:
                    room.remove(self)
            if self.nick:
                self.announce(f"{self.nick} has left the room")

    def on_message(self, obj):
        match obj:
            case {"type": "join", "user": str(user)} if not self.nick and 0 < len(user.strip()) < 33:
                self.nick = user.strip()
                with room_lock:
                    room.append(self)
                self.send("system", text=f"Welcome, {self.nick}!")
                for visitor in self.room_mates():
                    visitor.send("chat", user="server", text=f"{self.nick} has entered the room")  # <--
            case {"type": "chat", "text": str(text)} if self.nick:
                for visitor in self.room_mates():
                    visitor.send("chat", user=self.nick, text=text)
            case _:
                self.send("system", text="That did not work.")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    with Server((HOST, PORT), Visitor) as server:
        server.serve_forever()
