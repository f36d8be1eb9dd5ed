"""Guards the two methods that write, and lets everybody look at the dict as it is.

fails: 07.3
says: the thread of walter copies `self.talkers` at server.py:
"""

import json
import socketserver
import threading

HOST, PORT = "127.0.0.1", 9090
LIMIT = 65536


class Talker(socketserver.StreamRequestHandler):
    """One client; its thread runs handle()."""

    nick = None

    def read(self):
        line = self.rfile.readline(LIMIT + 1)
        if not line.endswith(b"\n") or len(line) > LIMIT:
            return None
        message = json.loads(line.decode())
        return message if isinstance(message, dict) else None

    def write(self, **message):
        self.wfile.write(json.dumps(message).encode() + b"\n")

    def handle(self):
        try:
            while (message := self.read()) is not None:
                if message.get("type") == "leave":
                    break
                self.do(message)
        except (OSError, ValueError):
            pass

    def do(self, message):
        match message:
            case {"type": "join", "user": str(user)} if self.nick is None and 1 <= len(user.strip()) <= 32:
                if self.server.enter(self, user.strip()):
                    self.nick = user.strip()
                    self.server.tell(type="system", text=f"{self.nick} is in")
                else:
                    self.write(type="system", text=f"{user.strip()} is in already")
            case {"type": "chat", "text": str(text)} if self.nick is not None:
                self.server.tell(but=self, type="chat", user=self.nick, text=text)
            case _:
                self.write(type="system", text="no, sorry")

    def finish(self):
        super().finish()
        if self.server.leave(self):
            self.server.tell(type="system", text=f"{self.nick} is out")


class Chat(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self):
        self.talkers = {}  # handler -> nick
        self.guard = threading.RLock()
        super().__init__((HOST, PORT), Talker)

    def enter(self, talker, nick):
        with self.guard:
            if nick in self.talkers.values():
                return False
            self.talkers[talker] = nick
            return True

    def leave(self, talker):
        with self.guard:
            return self.talkers.pop(talker, None)

    def tell(self, but=None, **message):
        for talker in self.talkers.copy():  # <--
            if talker is but:
                continue
            try:
                talker.write(**message)
            except (OSError, ValueError):  # has gone, or its file is closed
                pass


if __name__ == "__main__":
    Chat().serve_forever()
