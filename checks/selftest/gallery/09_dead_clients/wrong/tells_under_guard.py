"""Removes and announces the dead in one `with guard`, an RLock, and so sends with the lock held.

fails: 08.1 08.2 09.3
says: the thread of alice calls send
"""

import json
import socket
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
        if self.server.remove(self):
            self.server.tell(type="system", text=f"{self.nick} is out")

    def do(self, message):
        match message:
            case {"type": "join", "user": str(user)} if self.nick is None and 1 <= len(user.strip()) <= 32:
                if self.server.enter(self, user.strip()):
                    self.server.tell(type="system", text=f"{self.nick} is in")
                else:
                    self.write(type="system", text=f"{user.strip()} is in already")
            case {"type": "chat", "text": str(text)} if self.nick is not None:
                self.server.tell(but=self, type="chat", user=self.nick, text=text)
            case _:
                self.write(type="system", text="no, sorry")


class Chat(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self):
        self.talkers = {}  # nick -> handler
        self.guard = threading.RLock()
        super().__init__((HOST, PORT), Talker)

    def enter(self, talker, nick):
        with self.guard:
            if nick in self.talkers:
                return False
            talker.nick = nick
            self.talkers[nick] = talker
            return True

    def remove(self, talker):
        with self.guard:
            if self.talkers.get(talker.nick) is not talker:
                return False
            del self.talkers[talker.nick]
        try:
            talker.request.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        return True

    def tell(self, but=None, **message):
        messages = [message]
        while messages:
            message = messages.pop(0)
            with self.guard:
                talkers = [talker for talker in self.talkers.values() if talker is not but]
            but = None
            for talker in talkers:
                try:
                    talker.write(**message)  # <--
                except (OSError, ValueError):  # has gone, or its file is closed
                    with self.guard:
                        if self.remove(talker):
                            self.tell(type="system", text=f"{talker.nick} is off")  # <--


if __name__ == "__main__":
    Chat().serve_forever()
