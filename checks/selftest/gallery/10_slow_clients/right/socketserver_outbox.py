"""socketserver with a handler for each client; the outbox is a list with an Event, and the last chunk is an empty one."""

import json
import socket
import socketserver
import threading

MAX_LINE = 65_536
MOST = 64 * MAX_LINE


class Sender(threading.Thread):
    def __init__(self, sock):
        super().__init__(daemon=True)
        self.sock = sock
        self.chunks, self.size, self.over = [], 0, False
        self.guard, self.something = threading.Lock(), threading.Event()
        self.start()

    def give(self, chunk):
        with self.guard:
            if self.size + len(chunk) > MOST:
                wake(self.sock)
            elif not self.over:
                self.chunks.append(chunk)
                self.size += len(chunk)
                self.over = not chunk
                self.something.set()

    def run(self):
        while True:
            self.something.wait()
            with self.guard:
                chunks, self.chunks, self.size = self.chunks, [], 0
                self.something.clear()
            for chunk in chunks:
                if not chunk:
                    return
                try:
                    self.sock.sendall(chunk)
                except OSError:
                    wake(self.sock)


def wake(sock):
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class Handler(socketserver.StreamRequestHandler):
    def setup(self):
        super().setup()
        self.nick, self.sender = None, Sender(self.request)

    def handle(self):
        try:
            while (line := self.rfile.readline(MAX_LINE)).endswith(b"\n"):
                obj = json.loads(line.decode())
                if not isinstance(obj, dict) or obj.get("type") == "leave":
                    break
                self.obey(obj)
        except (OSError, ValueError, RecursionError):
            pass

    def obey(self, obj):
        server = self.server
        match obj:
            case {"type": "join", "user": str(user)} if self.nick is None and 1 <= len(user.strip()) <= 32:
                with server.lock:
                    if user.strip() not in server.senders:
                        self.nick = user.strip()
                        server.senders[self.nick] = self.sender
                        server.tell(f"{self.nick} is at the table")
                        return
                self.answer("there is one of that name")
            case {"type": "chat", "text": str(text)} if self.nick is not None:
                with server.lock:
                    server.give({"type": "chat", "user": self.nick, "text": text}, but=self.nick)
            case _:
                self.answer("mind your manners")

    def answer(self, text):
        self.sender.give(json.dumps({"type": "system", "text": text}).encode() + b"\n")

    def finish(self):
        with self.server.lock:
            if self.nick is not None:
                del self.server.senders[self.nick]
                self.server.tell(f"{self.nick} has left the table")
        self.sender.give(b"")
        self.sender.join(0.7)
        wake(self.request)
        self.sender.join()
        super().finish()


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, *args):
        super().__init__(*args)
        self.lock, self.senders = threading.Lock(), {}

    def give(self, obj, but=None):
        data = json.dumps(obj).encode() + b"\n"
        for nick, sender in self.senders.items():
            if nick != but:
                sender.give(data)

    def tell(self, text):
        self.give({"type": "system", "text": text})


if __name__ == "__main__":
    with Server(("127.0.0.1", 9090), Handler) as server:
        server.serve_forever()
