"""Strips the nick without looking whether it is a string, and 5 ends the thread.

fails: 04.4
"""

import socketserver

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class ChatHandler(socketserver.BaseRequestHandler):
    def setup(self):
        self.nick = ""
        self.buffer = bytearray()

    def handle(self):
        try:
            while (msg := recv_json(self.request, self.buffer)) is not None:  # <--
                if msg.get("type") == "leave":
                    break
                send_json(self.request, self.answer(msg))
        except (OSError, ValueError) as e:
            print(self.client_address, e)

    def answer(self, msg):
        if msg.get("type") == "join" and not self.nick:
            nick = msg.get("user", "").strip()
            if 1 <= len(nick) <= 32:
                self.nick = nick
                return {"type": "system", "text": f"welcome, {nick}"}
        if msg.get("type") == "chat" and self.nick and isinstance(msg.get("text"), str):
            return {"type": "chat", "user": self.nick, "text": msg["text"]}
        return {"type": "system", "text": "refused"}


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 100


if __name__ == "__main__":
    with Server((HOST, PORT), ChatHandler) as server:
        server.serve_forever()
