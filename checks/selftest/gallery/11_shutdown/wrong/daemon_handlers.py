"""socketserver with daemon_threads, and daemon writers: server_close() waits for nobody.

fails: 11.1 11.2
says: got no system message on Ctrl-C
"""

import queue
import signal
import socket
import socketserver
import threading

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090


class Room:
    def __init__(self):
        self.lock = threading.Lock()
        self.handlers, self.members, self.closed = set(), {}, False

    def enter(self, handler):
        with self.lock:
            if self.closed:
                return False
            self.handlers.add(handler)
            return True

    def join(self, handler, nick):
        with self.lock:
            free = nick not in self.members.values()
            if free:
                self.members[handler] = nick
                self.post_all(f"{nick} has joined")
            return free

    def post_all(self, text):
        for handler in self.members:
            handler.post({"type": "system", "text": text})

    def say(self, sender, text):
        with self.lock:
            nick = self.members.get(sender)
            for handler in self.members if nick is not None else ():
                if handler is not sender:
                    handler.post({"type": "chat", "user": nick, "text": text})
            return nick is not None

    def leave(self, handler):
        with self.lock:
            self.handlers.discard(handler)
            nick = self.members.pop(handler, None)
            if nick is not None:
                self.post_all(f"{nick} has left")

    def close(self):
        with self.lock:
            self.closed = True
            for handler in self.handlers:
                handler.post({"type": "system", "text": "The teacher says: stop!"})
                handler.shut(socket.SHUT_RD)
            self.members.clear()


room = Room()


class Handler(socketserver.BaseRequestHandler):
    def setup(self):
        self.outbox, self.dead = queue.Queue(), False
        self.size = 0
        self.writer = threading.Thread(target=self.write, daemon=True)
        self.writer.start()

    def post(self, obj):
        data = encode(obj)
        if self.outbox.qsize() < 300:
            self.outbox.put(data)
        else:
            self.shut(socket.SHUT_RDWR)

    def shut(self, how):
        try:
            self.request.shutdown(how)
        except OSError:
            pass

    def write(self):
        for data in iter(self.outbox.get, None):
            try:
                self.request.sendall(data)  # <--
            except OSError:
                self.shut(socket.SHUT_RDWR)

    def handle(self):
        buffer, nick = bytearray(), None
        try:
            while room.enter(self) and (obj := recv_json(self.request, buffer)) is not None and obj.get("type") != "leave":
                user, text = obj.get("user"), obj.get("text")
                if obj.get("type") == "join" and nick is None and isinstance(user, str) and 0 < len(user.strip()) < 33:
                    if room.join(self, user.strip()):
                        nick = user.strip()
                    else:
                        self.post({"type": "system", "text": f"{user.strip()} is taken"})
                elif obj.get("type") != "chat" or not isinstance(text, str) or not room.say(self, text):
                    self.post({"type": "system", "text": "this was not understood"})
        except (OSError, ValueError):
            pass

    def finish(self):
        room.leave(self)
        self.outbox.put(None)
        self.writer.join(1)
        self.shut(socket.SHUT_RDWR)
        self.writer.join()


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 128


def main():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    with Server((HOST, PORT), Handler) as server:
        loop = threading.Thread(target=server.serve_forever, args=(0.1,))
        loop.start()
        signal.sigwait({signal.SIGINT})
        server.shutdown()
        server.socket.close()
        room.close()
        loop.join()


if __name__ == "__main__":
    main()
