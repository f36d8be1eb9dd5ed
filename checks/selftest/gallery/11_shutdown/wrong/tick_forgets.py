"""After a tick without news the reader begins with an empty buffer: a line that comes with a pause in it is lost.

fails: 03.1
says: no chat message came to walter, only the system message '- alice'
"""

import logging
import socket
import threading
import time

from utils import encode, recv_json

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(threadName)s %(message)s")

HOST, PORT = "127.0.0.1", 9090
TICK = 0.2
MAX_BYTES = 4_000_000


class Connection:
    def __init__(self, server, conn, addr):
        self.server, self.conn, self.addr = server, conn, addr
        self.nick = None
        self.pending = []
        self.pending_bytes = 0
        self.no_more = False
        self.give_up = None  # when the writer stops trying
        self.drowned = threading.Event()
        self.lock = threading.Lock()
        self.news = threading.Event()

    def tell(self, data):
        with self.lock:
            if self.no_more:
                return
            if self.pending_bytes + len(data) > MAX_BYTES:
                self.drowned.set()
                return
            self.pending.append(data)
            self.pending_bytes += len(data)
        self.news.set()

    def farewell(self, data):
        self.tell(data)
        with self.lock:
            self.no_more = True

    def next_message(self, buffer):
        """None at the end of the stream, of the server, or of our patience."""
        while not self.drowned.is_set() and not self.server.stopping.is_set():
            try:
                return recv_json(self.conn, buffer)
            except TimeoutError:
                buffer.clear()
        return None

    def send_slowly(self, data):
        view = memoryview(data)
        while view and not self.drowned.is_set():
            try:
                view = view[self.conn.send(view):]  # <--
            except TimeoutError:
                with self.lock:
                    late = self.give_up is not None and time.monotonic() > self.give_up
                if late:
                    self.drowned.set()

    def write(self):
        try:
            while not self.drowned.is_set():
                self.news.wait()
                self.news.clear()
                with self.lock:
                    data, self.pending, self.pending_bytes = b"".join(self.pending), [], 0
                self.send_slowly(data)
                with self.lock:
                    if self.give_up is not None and not self.pending:
                        return
        except OSError:
            self.drowned.set()

    def swallow(self):
        """What has come and was not read yet: to close with that would be a reset."""
        self.conn.setblocking(False)
        try:
            for _ in range(100):
                if not self.conn.recv(65536):
                    break
        except OSError:
            pass

    def read(self):
        writer = threading.Thread(target=self.write)
        with self.server.mutex:
            if self.server.stopping.is_set():
                return self.conn.close()
            writer.start()
        buffer = bytearray()
        try:
            while (obj := self.next_message(buffer)) is not None and obj.get("type") != "leave":
                self.server.handle(self, obj)
        except (OSError, ValueError) as error:
            logging.warning("%s: %s", self.addr, error)
        self.server.take_out(self)
        with self.lock:
            self.give_up = time.monotonic() + 0.5
        self.news.set()
        writer.join()
        self.swallow()
        self.conn.close()


class Server:
    def __init__(self):
        self.stopping = threading.Event()
        self.mutex = threading.Lock()
        self.members = []  # Connections that have a nick
        self.threads = []

    def to_all(self, obj, but=None):
        with self.mutex:
            members = self.members[:]
        for member in members:
            if member is not but:
                member.tell(encode(obj))

    def handle(self, me, obj):
        kind = obj.get("type")
        if kind == "join" and me.nick is None and isinstance(obj.get("user"), str) and 0 < len(obj["user"].strip()) <= 32:
            wanted = obj["user"].strip()
            with self.mutex:
                free = not any(member.nick == wanted for member in self.members)
                if free and not self.stopping.is_set():
                    me.nick = wanted
                    self.members.append(me)
            if free:
                self.to_all({"type": "system", "text": f"+ {wanted}"})
            else:
                me.tell(encode({"type": "system", "text": f"= {wanted}"}))
        elif kind == "chat" and me.nick is not None and isinstance(obj.get("text"), str):
            self.to_all({"type": "chat", "user": me.nick, "text": obj["text"]}, but=me)
        else:
            me.tell(encode({"type": "system", "text": "!"}))

    def take_out(self, me):
        with self.mutex:
            was = me in self.members
            if was:
                self.members.remove(me)
        if was:
            self.to_all({"type": "system", "text": f"- {me.nick}"})

    def run(self):
        with socket.create_server((HOST, PORT), backlog=128) as listener:
            listener.settimeout(TICK)
            while True:
                try:
                    conn, addr = listener.accept()
                except TimeoutError:
                    self.threads = [thread for thread in self.threads if thread.is_alive()]
                    continue
                conn.settimeout(TICK)
                thread = threading.Thread(target=Connection(self, conn, addr).read)
                thread.start()
                self.threads.append(thread)

    def stop(self):
        with self.mutex:
            members, self.members = self.members, []
            self.stopping.set()
        for member in members:
            member.farewell(encode({"type": "system", "text": "bye, all"}))
        for thread in self.threads:
            thread.join()


if __name__ == "__main__":
    server = Server()
    try:
        server.run()
    except KeyboardInterrupt:
        server.stop()
