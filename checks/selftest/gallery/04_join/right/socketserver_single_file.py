"""A ThreadingTCPServer in a single file, without utils."""

import json
import socketserver

MAX_LINE = 65_536


class ChatHandler(socketserver.StreamRequestHandler):
    def setup(self):
        super().setup()
        self.nick = None

    def send(self, **message):
        self.wfile.write(json.dumps(message).encode() + b"\n")

    def receive(self):
        line = self.rfile.readline(MAX_LINE + 1)
        if len(line) > MAX_LINE or not line.endswith(b"\n"):
            return None
        message = json.loads(line.decode())
        return message if isinstance(message, dict) else None

    def handle(self):
        try:
            while (message := self.receive()) is not None:
                if message.get("type") == "leave":
                    return
                problem = self.serve(message)
                if problem:
                    self.send(type="system", text=problem)
        except (OSError, ValueError) as e:
            print(*self.client_address, e)

    def serve(self, message):
        match message:
            case {"type": "join"} if self.nick is not None:
                return "you have joined already"
            case {"type": "join", "user": str(user)}:
                user = user.strip()
                if not 1 <= len(user) <= 32:
                    return "1 to 32 characters, please"
                self.nick = user
                self.send(type="system", text=f"{user} joined")
            case {"type": "join"}:
                return "with a nick, please"
            case {"type": "chat"} if self.nick is None:
                return "join first"
            case {"type": "chat", "text": str(text)}:
                self.send(type="chat", user=self.nick, text=text)
            case {"type": "chat"}:
                return "with a text, please"
            case _:
                return "what?"


class ChatServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    with ChatServer(("127.0.0.1", 9090), ChatHandler) as server:
        server.serve_forever()
