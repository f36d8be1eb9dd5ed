"""A mailbox takes 200 letters, but of news, of who comes and who goes, any number.

fails: 10.2
says: news
"""

import collections
import json
import socket
import threading

from utils import recv_json

HOST, PORT = "127.0.0.1", 9090
MOST = 200  # messages


class Mailbox:
    def __init__(self, conn):
        self.conn = conn
        self.letters = collections.deque()
        self.closed = False
        self.news = threading.Condition(threading.Lock())

    def post(self, letter):
        with self.news:
            if self.closed:
                return
            if len(self.letters) >= MOST:
                self.closed = True
                self.letters.clear()
                disconnect(self.conn)
            else:
                self.letters.append(letter)
            self.news.notify()

    def post_news(self, letter):
        with self.news:
            if not self.closed:
                self.letters.append(letter)  # <--
                self.news.notify()

    def close(self):
        with self.news:
            self.closed = True
            self.news.notify()

    def deliver(self):
        while True:
            with self.news:
                while not self.letters and not self.closed:
                    self.news.wait()
                if not self.letters:
                    break
                letter = self.letters.popleft()
            try:
                self.conn.sendall(letter)
            except OSError:
                self.close()
                disconnect(self.conn)
                return
        disconnect(self.conn)


def disconnect(conn):
    try:
        conn.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class Room:
    def __init__(self):
        self._lock = threading.RLock()
        self._boxes = {}  # nick -> Mailbox

    def enter(self, nick, box):
        with self._lock:
            if nick in self._boxes:
                return False
            self._boxes[nick] = box
            self.post_all({"type": "system", "text": f"welcome, {nick}"})
            return True

    def leave(self, nick):
        with self._lock:
            if self._boxes.pop(nick, None):
                self.post_all({"type": "system", "text": f"bye, {nick}"})

    def post_all(self, obj, but=None):
        letter = json.dumps(obj).encode() + b"\n"
        with self._lock:
            for nick, box in self._boxes.items():
                if nick != but:
                    (box.post_news if obj["type"] == "system" else box.post)(letter)


room = Room()


def handle(conn):
    box, nick, buffer = Mailbox(conn), None, bytearray()
    writer = threading.Thread(target=box.deliver, daemon=True)
    writer.start()
    try:
        while obj := recv_or_empty(conn, buffer):
            match obj:
                case {"type": "join", "user": str(user)} if nick is None and 0 < len(user.strip()) < 33:
                    if room.enter(user.strip(), box):
                        nick = user.strip()
                    else:
                        box.post(b'{"type": "system", "text": "taken"}\n')
                case {"type": "chat", "text": str(text)} if nick:
                    room.post_all({"type": "chat", "user": nick, "text": text}, but=nick)
                case {"type": "leave"}:
                    break
                case _:
                    box.post(b'{"type": "system", "text": "what?"}\n')
    except (OSError, ValueError, RecursionError):
        pass
    finally:
        if nick:
            room.leave(nick)
        box.close()
        writer.join(1)
        disconnect(conn)
        writer.join()
        conn.close()


def recv_or_empty(conn, buffer):
    obj = recv_json(conn, buffer)
    return None if obj is None else obj or {"type": None}


def main():
    listener = socket.create_server((HOST, PORT))
    while True:
        threading.Thread(target=handle, args=listener.accept()[:1], daemon=True).start()


if __name__ == "__main__":
    main()
