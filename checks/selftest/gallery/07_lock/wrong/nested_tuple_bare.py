"""socketserver, copy on write: self.server.members is a tuple; leaving binds a new one, with no lock at all.

fails: 07.3
says: the thread of dave binds `self.members` to something new at server.py:
"""
import socketserver
import threading

from utils import recv_json, send_json


class ChatServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address, handler):
        self.lock = threading.Lock()
        self.members = ()
        super().__init__(address, handler)


class ChatHandler(socketserver.BaseRequestHandler):
    nick = None

    def say(self, text, **more):
        return {"type": more.pop("type", "system"), "text": text, **more}

    def to_all(self, message, me_too=True):
        with self.server.lock:
            for other in self.server.members:
                if me_too or other is not self:
                    try:
                        send_json(other.request, message)
                    except OSError:
                        pass

    def enter(self, nick):
        with self.server.lock:
            for other in self.server.members:
                if other.nick == nick:
                    return False
            self.nick = nick
            self.server.members += (self,)
            return True

    def exit(self):
        self.server.members = tuple(m for m in self.server.members if m is not self)  # <--

    def handle(self):
        buffer = bytearray()
        try:
            while (m := recv_json(self.request, buffer)) is not None:
                kind, user, text = m.get("type"), m.get("user"), m.get("text")
                if kind == "leave":
                    break
                if kind == "join" and self.nick is None and isinstance(user, str) and 1 <= len(user.strip()) <= 32:
                    if self.enter(user.strip()):
                        self.to_all(self.say(f"{self.nick} joined"))
                    else:
                        send_json(self.request, self.say(f"{user.strip()} is taken"))
                elif kind == "chat" and self.nick is not None and isinstance(text, str):
                    self.to_all(self.say(text, type="chat", user=self.nick), me_too=False)
                else:
                    send_json(self.request, self.say("refused"))
        except (OSError, ValueError):
            pass

    def finish(self):
        if self.nick is not None:
            self.exit()
            self.to_all(self.say(f"{self.nick} left"))


if __name__ == "__main__":
    ChatServer(("127.0.0.1", 9090), ChatHandler).serve_forever()
