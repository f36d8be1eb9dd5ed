"""Checks only that the nick is not too long, and lets the empty one in.

fails: 04.4
says: no system message came to bob
"""

import socketserver

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Handler(socketserver.BaseRequestHandler):
    nick = None

    def system(self, text):
        send_json(self.request, {"type": "system", "text": text})

    def handle(self):
        buffer = bytearray()
        try:
            while (msg := recv_json(self.request, buffer)) is not None:
                if msg.get("type") == "leave":
                    break
                self.serve(msg)
        except (OSError, ValueError) as e:
            print(e)

    def serve(self, msg):
        match msg:
            case {"type": "join", "user": str(user)} if self.nick is None and len(user.strip()) <= 32:
                self.nick = user.strip()
                self.system(f"welcome {self.nick}")
            case {"type": "chat", "text": str(text)} if self.nick is not None:
                send_json(self.request, {"type": "chat", "user": self.nick, "text": text})  # <--
            case _:
                self.system("refused")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 100


if __name__ == "__main__":
    with Server((HOST, PORT), Handler) as server:
        server.serve_forever()
