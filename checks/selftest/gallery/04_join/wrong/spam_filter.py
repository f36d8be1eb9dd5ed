"""Join server with a small spam filter: who says the same twice in a row is asked not to.

fails: 04.2
says: no chat message came to alice, only the system message 'please do not repeat yourself'
"""
import socket
import threading
from socketserver import BaseRequestHandler, ThreadingTCPServer

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class SpamFilter:
    """Remembers the last text of a user."""

    def __init__(self):
        self.last = None

    def isSpam(self, text):
        spam = text == self.last
        self.last = text
        return spam


class ChatHandler(BaseRequestHandler):
    def setup(self):
        self.nick = None
        self.filter = SpamFilter()
        self.buffer = bytearray()

    def info(self, text):
        send_json(self.request, {"type": "system", "text": text})

    def handle(self):
        try:
            while True:
                obj = recv_json(self.request, self.buffer)
                if obj is None or obj.get("type") == "leave":
                    return
                self.process(obj)
        except (OSError, ValueError) as e:
            print(threading.current_thread().name, e)

    def process(self, obj):
        if obj.get("type") == "join" and not self.nick:
            user = obj.get("user")
            if isinstance(user, str) and 1 <= len(user.strip()) <= 32:
                self.nick = user.strip()
                self.info("Hi " + self.nick)
                return
        if obj.get("type") == "chat" and self.nick:
            text = obj.get("text")
            if isinstance(text, str):
                if self.filter.isSpam(text):
                    self.info("please do not repeat yourself")  # <--
                else:
                    send_json(self.request, {"type": "chat", "user": self.nick, "text": text})
                return
        self.info("wrong message")


class Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 100


if __name__ == "__main__":
    with Server((HOST, PORT), ChatHandler) as srv:
        srv.serve_forever()
