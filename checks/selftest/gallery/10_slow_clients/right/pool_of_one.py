"""Each member has a ThreadPoolExecutor of one thread, whose queue is the outbox; how many wait is counted."""

import concurrent.futures
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
MOST = 128

lock = threading.RLock()
seats = {}  # nick -> Post


class Post:
    def __init__(self, conn):
        self.conn, self.waiting = conn, 0
        self.count = threading.Lock()
        self.pool = concurrent.futures.ThreadPoolExecutor(1)

    def send(self, **obj):
        with self.count:
            if self.waiting == MOST:
                return self.hang_up()
            self.waiting += 1
        self.pool.submit(self._send, obj)

    def _send(self, obj):
        try:
            send_json(self.conn, obj)
        except OSError:
            self.hang_up()
        finally:
            with self.count:
                self.waiting -= 1

    def hang_up(self):
        try:
            self.conn.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self):
        last = self.pool.submit(lambda: None)
        try:
            last.result(timeout=0.6)
        except concurrent.futures.TimeoutError:
            pass
        self.hang_up()
        self.pool.shutdown()
        self.conn.close()


def send_to_all(but=None, **obj):
    with lock:
        for nick, post in seats.items():
            if nick != but:
                post.send(**obj)


def take_a_seat(nick, post):
    with lock:
        if seats.setdefault(nick, post) is not post:
            return False
        send_to_all(type="system", text=f"{nick} takes a seat")
        return True


def serve(conn):
    post, nick, buffer = Post(conn), None, bytearray()
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            match obj:
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    if take_a_seat(user.strip(), post):
                        nick = user.strip()
                    else:
                        post.send(type="system", text="this seat is taken")
                case {"type": "chat", "text": str(text)} if nick:
                    send_to_all(but=nick, type="chat", user=nick, text=text)
                case {"type": "leave"}:
                    break
                case _:
                    post.send(type="system", text="please be seated")
    except (OSError, ValueError, RecursionError):
        pass
    finally:
        if nick:
            with lock:
                del seats[nick]
                send_to_all(type="system", text=f"the seat of {nick} is free")
        post.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=serve, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
