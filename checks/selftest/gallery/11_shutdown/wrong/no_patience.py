"""All writers together get 20 milliseconds, then everybody is cut off: a member that is only slow loses the rest.

fails: 11.1
says: messages that were said before Ctrl-C
"""
import socket
import threading
import time
from functools import partial

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090


class Worker:
    """One client: two threads and a box."""
    BOX = 2 ** 20

    def __init__(self, conn, hub):
        self.conn, self.hub, self.nick = conn, hub, None
        self.box, self.ended = bytearray(), False
        self.news = threading.Condition()
        self.reader = threading.Thread(target=self.read)
        self.writer = threading.Thread(target=self.write)

    # -- the box
    def tell(self, obj):
        with self.news:
            if self.ended:
                return
            data = encode(obj)
            if len(self.box) + len(data) <= self.BOX:
                self.box += data
                self.news.notify_all()
            else:
                self.ended = True
                self.cut()

    def end_box(self):
        with self.news:
            self.ended = True
            self.news.notify_all()

    def cut(self):
        try:
            self.conn.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    # -- the threads
    def write(self):
        while True:
            with self.news:
                self.news.wait_for(lambda: self.box or self.ended)
                data, self.box = self.box, bytearray()
            if not data:
                break
            try:
                self.conn.sendall(data)
            except OSError:
                self.end_box()
        self.cut()            # wakes the reader, should it be still there

    def read(self):
        buffer = bytearray()
        try:
            while (obj := recv_json(self.conn, buffer)) is not None:
                if obj.get("type") == "leave":
                    break
                answer = self.answer(obj)
                if answer:
                    self.tell({"type": "system", "text": answer})
        except (OSError, ValueError):
            pass
        self.hub.forget(self)
        self.end_box()
        self.writer.join(0.8)
        self.cut()
        self.writer.join()
        self.conn.close()

    def answer(self, obj):
        kind, user, text = (obj.get(k) for k in ("type", "user", "text"))
        if kind == "join" and isinstance(user, str) and 1 <= len(user.strip()) <= 32:
            return self.hub.join(self, user.strip())
        if kind == "chat" and isinstance(text, str):
            return self.hub.chat(self, text)
        return "what do you mean?"


class Hub:
    def __init__(self):
        self.lock = threading.Lock()
        self.workers = set()
        self.members = {}             # worker -> nick

    def start(self, conn):
        worker = Worker(conn, self)
        with self.lock:
            self.workers.add(worker)
        worker.writer.start()
        worker.reader.start()

    def _all(self, obj, but=None):
        for worker in self.members:
            if worker is not but:
                worker.tell(obj)

    def join(self, worker, nick):
        with self.lock:
            if worker in self.members:
                return "you are in already"
            if nick in self.members.values():
                return f"{nick} is taken"
            self.members[worker] = nick
            self._all({"type": "system", "text": f"{nick} has joined"})

    def chat(self, worker, text):
        with self.lock:
            if worker not in self.members:
                return "join first"
            self._all({"type": "chat", "user": self.members[worker], "text": text}, worker)

    def forget(self, worker):
        with self.lock:
            self.workers.discard(worker)
            nick = self.members.pop(worker, None)
            if nick is not None:
                self._all({"type": "system", "text": f"{nick} has left"})

    def stop(self, seconds):
        deadline = time.monotonic() + seconds
        with self.lock:
            workers = list(self.workers)
            self.members.clear()
        for worker in workers:
            worker.tell({"type": "system", "text": "no more service today"})
            worker.end_box()          # its writer sends the rest, ends, and so wakes its reader
        for worker in workers:
            if worker.writer.ident:
                worker.writer.join(max(0, deadline - time.monotonic()))
        for worker in workers:
            worker.cut()
        for worker in workers:
            if worker.reader.ident:
                worker.reader.join()


def main():
    hub = Hub()
    listener = socket.create_server((HOST, PORT), backlog=128)
    listener.settimeout(0.5)
    try:
        for _ in iter(partial(bool, 1), False):
            try:
                conn, _ = listener.accept()
            except TimeoutError:
                continue
            conn.settimeout(None)
            hub.start(conn)
    except KeyboardInterrupt:
        pass
    finally:
        listener.close()
        hub.stop(0.02)  # <--


if __name__ == "__main__":
    main()
