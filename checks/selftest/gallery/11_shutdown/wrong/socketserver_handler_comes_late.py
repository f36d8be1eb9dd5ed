"""socketserver serves in a thread, and Ctrl-C waits for its end; a handler that begins after the goodbye is told by nobody.

fails: 11.2
says: still runs
"""

import collections
import json
import socket
import socketserver
import threading

MAX = 65536
ROOM = {}  # nick -> handler
HANDLERS = set()
ROOM_LOCK = threading.Lock()
STOPPED = False


class ChatHandler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.nick = None
        self.out = collections.deque()
        self.cond = threading.Condition(threading.Lock())
        self.over = False
        self.pump = threading.Thread(target=self.pump_out)
        self.pump.start()

    def pump_out(self):
        while True:
            self.cond.acquire()
            while len(self.out) == 0 and not self.over:
                self.cond.wait()
            if len(self.out) == 0:
                self.cond.release()
                return
            line = self.out.popleft()
            self.cond.release()
            try:
                self.request.sendall(line)
            except OSError:
                self.hang_up()

    def hang_up(self, how=socket.SHUT_RDWR):
        try:
            self.request.shutdown(how)
        except OSError:
            pass

    def push(self, **msg):
        line = json.dumps(msg).encode("ascii") + b"\n"
        with self.cond:
            if len(self.out) >= 200:
                self.hang_up()
                return
            self.out.append(line)
            self.cond.notify_all()

    def messages(self):
        while True:
            line = self.rfile.readline(MAX + 1)  # <--
            if not line.endswith(b"\n") or len(line) > MAX:
                return
            try:
                obj = json.loads(line.decode("utf-8"))
            except (ValueError, RecursionError):
                return
            if not isinstance(obj, dict):
                return
            yield obj

    def handle(self):
        with ROOM_LOCK:
            HANDLERS.add(self)
        try:
            for obj in self.messages():
                kind, user, text = obj.get("type"), obj.get("user"), obj.get("text")
                if kind == "leave":
                    return
                if kind == "join" and self.nick is None and isinstance(user, str) and 1 <= len(user.strip()) <= 32:
                    self.join(user.strip())
                elif kind == "chat" and self.nick is not None and isinstance(text, str):
                    with ROOM_LOCK:
                        for nick, handler in ROOM.items():
                            if nick != self.nick:
                                handler.push(type="chat", user=self.nick, text=text)
                else:
                    self.push(type="system", text="refused")
        except OSError:
            pass

    def join(self, nick):
        with ROOM_LOCK:
            if nick not in ROOM:
                self.nick = nick
                ROOM[nick] = self
                for handler in ROOM.values():
                    handler.push(type="system", text=f"+ {nick}")
                return
        self.push(type="system", text=f"{nick}: taken")

    def finish(self):
        with ROOM_LOCK:
            HANDLERS.discard(self)
            if self.nick is not None and ROOM.get(self.nick) is self:
                del ROOM[self.nick]
                for handler in ROOM.values():
                    handler.push(type="system", text=f"- {self.nick}")
        with self.cond:
            self.over = True
            self.cond.notify_all()
        self.pump.join(timeout=1)
        self.hang_up()
        self.pump.join()
        self.rfile.close()


class ChatServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = False
    request_queue_size = 128


def main():
    global STOPPED
    server = ChatServer(("127.0.0.1", 9090), ChatHandler)
    loop = threading.Thread(target=server.serve_forever, args=(0.1,))
    loop.start()
    try:
        while True:
            loop.join(0.5)
    except KeyboardInterrupt:
        pass
    server.shutdown()
    with ROOM_LOCK:
        STOPPED = True
        for handler in ROOM.values():
            handler.push(type="system", text="the end")
        ROOM.clear()
        for handler in HANDLERS:
            handler.hang_up(socket.SHUT_RD)
    server.server_close()


if __name__ == "__main__":
    main()
