"""Reports each dead member by a call of a call of itself; deep frames, and RecursionError with many.

fails: 09.3
says: wrapper() was called inside itself
"""
import functools
import logging
import socket
import threading

from utils import recv_json, send_json

logging.basicConfig(level=logging.ERROR)


def logged(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        logging.debug("%s%r", function.__name__, args)
        return function(*args, **kwargs)
    return wrapper


class Hall:
    def __init__(self):
        self.lock = threading.Lock()
        self.present = {}

    @logged
    def leave(self, conn):
        with self.lock:
            nick = self.present.pop(conn, None)
        if nick is not None:
            try:
                conn.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self.system(f"{nick} is no longer present")  # <--

    @logged
    def system(self, text):
        self.send({"type": "system", "text": text})

    @logged
    def send(self, message, but=None):
        with self.lock:
            conns = [c for c in self.present if c is not but]
        for conn in conns:
            self.send_one(conn, message)

    @logged
    def send_one(self, conn, message):
        try:
            send_json(conn, message)
        except OSError:
            self.leave(conn)

    @logged
    def enter(self, conn, nick):
        with self.lock:
            if nick in self.present.values():
                return False
            self.present[conn] = nick
        self.system(f"{nick} is present")
        return True

    def handle(self, conn):
        nick, buffer = None, bytearray()
        try:
            while (m := recv_json(conn, buffer)) is not None:
                match m:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        if self.enter(conn, user.strip()):
                            nick = user.strip()
                        else:
                            send_json(conn, {"type": "system", "text": f"{user.strip()} is present already"})
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        self.send({"type": "chat", "user": nick, "text": text}, conn)
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, {"type": "system", "text": "no"})
        except (OSError, ValueError):
            pass
        finally:
            self.leave(conn)
            conn.close()


if __name__ == "__main__":
    hall = Hall()
    with socket.create_server(("127.0.0.1", 9090), backlog=128) as listener:
        while True:
            threading.Thread(target=hall.handle, args=(listener.accept()[0],), daemon=True).start()
