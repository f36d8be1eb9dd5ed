"""Outboxes of 1,000 messages, and a writer that gives a member two seconds for each send besides (SO_SNDTIMEO)."""

import collections
import contextlib
import socket
import struct
import threading

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090
PATIENCE = struct.pack("ll", 2, 0)

lock = threading.Lock()
names, boxes = {}, {}  # connection -> nick, connection -> Box


class Box:
    def __init__(self):
        self.items, self.guard, self.full_or_over = collections.deque(), threading.Lock(), False
        self.count = threading.Semaphore(0)

    def put(self, item):
        """Put it in; return False if that is not possible."""
        with self.guard:
            if len(self.items) < 1000 and not self.full_or_over:
                self.items.append(item)
                self.count.release()
                return True
            self.full_or_over = True
            return False

    def close(self):
        with self.guard:
            self.full_or_over = True
            self.items.append(b"")
        self.count.release()

    def __iter__(self):
        while True:
            self.count.acquire()
            with self.guard:
                item = self.items.popleft()
            if not item:
                return
            yield item


def write(conn, box):
    for data in box:
        view = memoryview(data)
        try:
            while view:
                view = view[conn.send(view):]
        except OSError:  # gone, or out of patience (EAGAIN)
            shut(conn)


def shut(conn):
    with contextlib.suppress(OSError):
        conn.shutdown(socket.SHUT_RDWR)


def post(conn, **obj):
    """The caller holds the lock."""
    if not boxes[conn].put(encode(obj)):
        shut(conn)


def post_all(but=None, **obj):
    for conn in names:
        if conn is not but:
            post(conn, **obj)


def answer(conn, obj):
    with lock:
        match obj:
            case {"type": "join", "user": str(user)} if conn not in names and 1 <= len(user.strip()) <= 32:
                if user.strip() in names.values():
                    post(conn, type="system", text="not you again")
                else:
                    names[conn] = user.strip()
                    post_all(type="system", text=f"{user.strip()} has time")
            case {"type": "chat", "text": str(text)} if conn in names:
                post_all(conn, type="chat", user=names[conn], text=text)
            case _:
                post(conn, type="system", text="patience")


def client(conn):
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, PATIENCE)
    box, buffer = Box(), bytearray()
    writer = threading.Thread(target=write, args=(conn, box), daemon=True)
    writer.start()
    with lock:
        boxes[conn] = box
    try:
        while (obj := recv_json(conn, buffer)) is not None and obj.get("type") != "leave":
            answer(conn, obj)
    except (OSError, ValueError, RecursionError):
        pass
    finally:
        with lock:
            del boxes[conn]
            if conn in names:
                nick = names.pop(conn)
                post_all(type="system", text=f"{nick} has no more time")
        box.close()
        writer.join(0.4)
        shut(conn)
        writer.join()
        conn.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=client, args=listener.accept()[:1], daemon=True).start()


if __name__ == "__main__":
    main()
