"""Lesson 11: members are kept under the number of their connection, which is closed before they are taken out.

fails: 07.3
says: a thread of server.py died of KeyError
The number is free again as soon as the connection is closed: a client that comes in that moment gets the same one, and
is thrown out of the books in the other's place.
"""

import queue
import socket
import threading

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090
LIMIT = 400
GRACE = 1.0

lock = threading.Lock()
table = {}  # fileno -> [nick or None, Writer]
stopping = False


class Writer(threading.Thread):
    def __init__(self, conn):
        super().__init__()
        self.conn = conn
        self.box = queue.Queue()

    def put(self, **obj):
        if self.box.qsize() < LIMIT:
            self.box.put_nowait(encode(obj))
        else:
            self.shutdown(socket.SHUT_RDWR)

    def shutdown(self, how):
        try:
            self.conn.shutdown(how)
        except OSError:
            pass

    def run(self):
        while data := self.box.get():
            try:
                self.conn.sendall(data)
            except OSError:
                self.shutdown(socket.SHUT_RDWR)

    def end(self):
        self.box.put_nowait(b"")
        self.join(GRACE)
        self.shutdown(socket.SHUT_RDWR)
        self.join()


def tell_all(but=None, **obj):
    for fd, (nick, writer) in table.items():
        if nick is not None and fd != but:
            writer.put(**obj)


def treat(fd, obj, writer):
    """Return whether the client goes on; under the lock."""
    nick = table[fd][0]
    match obj:
        case {"type": "leave"}:
            return False
        case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
            if any(user.strip() == other for other, _ in table.values()):
                writer.put(type="system", text=f"{user.strip()} is taken")
            else:
                table[fd][0] = user.strip()
                tell_all(type="system", text=f"{user.strip()} joined")
        case {"type": "chat", "text": str(text)} if nick is not None:
            tell_all(but=fd, type="chat", user=nick, text=text)
        case _:
            writer.put(type="system", text="refused")
    return True


def client(conn):
    fd = conn.fileno()
    writer = Writer(conn)
    with lock:
        if stopping:
            conn.close()
            return
        table[fd] = [None, writer]
    writer.start()
    buffer = bytearray()
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            with lock:
                if stopping or not treat(fd, obj, writer):
                    break
    except (OSError, ValueError):
        pass
    finally:
        writer.end()
        conn.close()
        with lock:  # <--
            nick, _ = table.pop(fd, (None, None))  # <-- is it still ours?
            if nick is not None and not stopping:
                tell_all(type="system", text=f"{nick} left")


def main():
    global stopping
    try:
        with socket.create_server((HOST, PORT)) as listener:
            while True:
                conn, _ = listener.accept()
                threading.Thread(target=client, args=(conn,)).start()
    except KeyboardInterrupt:
        pass
    finally:
        with lock:
            stopping = True
            tell_all(type="system", text="stop")
            for _, writer in table.values():
                writer.shutdown(socket.SHUT_RD)


if __name__ == "__main__":
    main()
