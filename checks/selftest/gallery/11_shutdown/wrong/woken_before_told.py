"""Lesson 11: at the end the readers are woken first, and then the members are told.

fails: 11.1
says: got no system message on Ctrl-C
A reader that is quick takes itself out before the goodbye gets there: its member hears nothing.
"""

import queue
import signal
import socket
import threading

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090
MAX_PENDING = 1 << 20
GRACE = 1.0

lock = threading.Lock()
sessions = {}  # Session -> nick or None
stopping = False


def shutdown(sock, how):
    try:
        sock.shutdown(how)  # <--
    except OSError:
        pass


class Session:
    def __init__(self, conn):
        self.conn = conn
        self.mail = queue.SimpleQueue()
        self.meter = threading.Lock()
        self.pending = 0
        self.writer = threading.Thread(target=self.write)
        self.reader = threading.Thread(target=self.read)

    def start(self):
        self.writer.start()
        self.reader.start()

    def post(self, data):
        with self.meter:
            self.pending += len(data)
            if self.pending <= MAX_PENDING:
                self.mail.put(data)
                return
            self.pending -= len(data)
        shutdown(self.conn, socket.SHUT_RDWR)

    def system(self, text):
        self.post(encode({"type": "system", "text": text}))

    def write(self):
        while data := self.mail.get():
            try:
                self.conn.sendall(data)
            except OSError:
                shutdown(self.conn, socket.SHUT_RDWR)
            with self.meter:
                self.pending -= len(data)

    def read(self):
        with lock:
            welcome = not stopping
            if welcome:
                sessions[self] = None
        try:
            if welcome:
                self.converse()
        except (OSError, ValueError):
            pass
        finally:
            with lock:
                nick = sessions.pop(self, None)
                if nick is not None and not stopping:
                    for other, name in sessions.items():
                        if name is not None:
                            other.system(f"{nick} has gone")
            self.mail.put(b"")
            self.writer.join(GRACE)
            shutdown(self.conn, socket.SHUT_RDWR)
            self.writer.join()
            self.conn.close()

    def converse(self):
        buffer = bytearray()
        while (obj := recv_json(self.conn, buffer)) is not None:
            with lock:
                if stopping or obj.get("type") == "leave":
                    return
                self.treat(obj)

    def treat(self, obj):
        """Under the lock."""
        nick = sessions[self]
        match obj:
            case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                wanted = user.strip()
                if wanted in sessions.values():
                    self.system(f"{wanted} is not available")
                    return
                sessions[self] = wanted
                for other, name in sessions.items():
                    if name is not None:
                        other.system(f"{wanted} has come")
            case {"type": "chat", "text": str(text)} if nick is not None:
                data = encode({"type": "chat", "user": nick, "text": text})
                for other, name in sessions.items():
                    if name is not None and other is not self:
                        other.post(data)
            case _:
                self.system("refused")


def accept(listener, closing):
    while True:
        try:
            conn, _ = listener.accept()
        except OSError:
            if closing.is_set():
                return  # was shut down
            continue
        Session(conn).start()


def main():
    global stopping
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    closing = threading.Event()
    with socket.create_server((HOST, PORT)) as listener:
        accepter = threading.Thread(target=accept, args=(listener, closing))
        accepter.start()
        signal.sigwait({signal.SIGINT})
        closing.set()
        listener.shutdown(socket.SHUT_RDWR)
        accepter.join()
    with lock:
        stopping = True
        for session in sessions:
            shutdown(session.conn, socket.SHUT_RD)
    with lock:  # <-- some have gone by now
        for session, nick in sessions.items():
            if nick is not None:
                session.system("The server goes down.")


if __name__ == "__main__":
    main()
