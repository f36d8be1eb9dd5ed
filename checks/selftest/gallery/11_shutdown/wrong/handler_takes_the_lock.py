"""Lesson 11: the signal handler itself tells everybody.

fails: 11.2
says: the handler of Ctrl-C takes `readers_lock` at server.py:
The handler runs in the main thread, between two lines of what that does. It does so also while the main thread holds the lock of
readers: it waits for itself.
"""

import queue
import signal
import socket
import threading

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090
BACKLOG = 2_000_000  # bytes for one client
GRACE = 0.8

running = True
readers_lock = threading.Lock()  # guards running and the list of readers


class Outbox(threading.Thread):
    """A writer thread and what it has still to write."""

    def __init__(self, conn):
        super().__init__()
        self.conn = conn
        self.lines = []
        self.size = 0
        self.ended = False
        self.cond = threading.Condition()

    def put(self, data):
        with self.cond:
            if self.ended:
                return
            if self.size + len(data) > BACKLOG:
                self.cut()
                return
            self.lines.append(data)
            self.size += len(data)
            self.cond.notify()

    def end(self):
        with self.cond:
            self.ended = True
            self.cond.notify()

    def cut(self):
        try:
            self.conn.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def run(self):
        while True:
            with self.cond:
                while not self.lines and not self.ended:
                    self.cond.wait()
                if not self.lines:
                    return
                data = self.lines.pop(0)
                self.size -= len(data)
            try:
                self.conn.sendall(data)
            except OSError:
                self.cut()


class Hub(threading.Thread):
    """The only thread that knows who is in the room."""

    def __init__(self):
        super().__init__(name="hub")
        self.inbox = queue.Queue(1000)

    def run(self):
        members = {}  # outbox -> nick
        connected = set()
        stopped = False
        while True:
            what, box, obj = self.inbox.get()
            if what == "end":
                return
            if what == "stop":
                stopped = True
                for other in connected:
                    self.dismiss(other)
                members.clear()
            elif what == "new":
                connected.add(box)
                if stopped:
                    self.dismiss(box)
            elif what == "gone":
                connected.discard(box)
                nick = members.pop(box, None)
                if nick is not None:
                    self.post(members, type="system", text=f"{nick} has left")
                box.end()
            elif not stopped:
                self.message(members, box, obj)

    def dismiss(self, box):
        self.post([box], type="system", text="the hub closes now")
        box.end()
        try:
            box.conn.shutdown(socket.SHUT_RD)
        except OSError:
            pass

    def post(self, boxes, **obj):
        data = encode(obj)
        for box in boxes:
            box.put(data)

    def message(self, members, box, obj):
        match obj:
            case {"type": "join", "user": str(user)} if box not in members and 1 <= len(user.strip()) <= 32:
                nick = user.strip()
                if nick in members.values():
                    self.post([box], type="system", text=f"{nick} exists")
                else:
                    members[box] = nick
                    self.post(members, type="system", text=f"{nick} has joined")
            case {"type": "chat", "text": str(text)} if box in members:
                self.post([b for b in members if b is not box], type="chat", user=members[box], text=text)
            case _:
                self.post([box], type="system", text="refused")


hub = Hub()


def reader(conn):
    with conn:
        box = Outbox(conn)
        box.start()
        hub.inbox.put(("new", box, None))
        buffer = bytearray()
        try:
            while (obj := recv_json(conn, buffer)) is not None and obj.get("type") != "leave":
                hub.inbox.put(("message", box, obj))
        except (OSError, ValueError):
            pass
        finally:
            hub.inbox.put(("gone", box, None))
            box.join(GRACE)
            box.cut()
            box.join()


def on_sigint(signum, frame):
    global running
    with readers_lock:  # <-- the main thread may hold it
        running = False
        hub.inbox.put(("stop", None, None))


def main():
    signal.signal(signal.SIGINT, on_sigint)
    hub.start()
    readers = []
    with socket.create_server((HOST, PORT)) as listener:
        listener.settimeout(0.1)
        while running:
            try:
                conn, _ = listener.accept()
            except TimeoutError:
                continue
            conn.settimeout(None)
            with readers_lock:
                readers = [thread for thread in readers if thread.is_alive()]
                readers.append(threading.Thread(target=reader, args=(conn,)))
                readers[-1].start()
    for thread in readers:
        thread.join()
    hub.inbox.put(("end", None, None))
    hub.join()


if __name__ == "__main__":
    main()
