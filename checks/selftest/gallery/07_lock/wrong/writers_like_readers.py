"""A lock of its own making for readers and a writer; who comes in takes it as a reader, like everybody.

fails: 07.3 07.2
says: `members`
"""

import contextlib
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class ReadWriteLock:
    def __init__(self):
        self._changed = threading.Condition()
        self._readers = 0
        self._writing = False

    @contextlib.contextmanager
    def reading(self):
        with self._changed:
            self._changed.wait_for(lambda: not self._writing)
            self._readers += 1
        try:
            yield
        finally:
            with self._changed:
                self._readers -= 1
                self._changed.notify_all()

    @contextlib.contextmanager
    def writing(self):
        with self._changed:
            self._changed.wait_for(lambda: not self._writing and not self._readers)
            self._writing = True
        try:
            yield
        finally:
            with self._changed:
                self._writing = False
                self._changed.notify_all()


members = {}
lock = ReadWriteLock()


def system(text):
    return {"type": "system", "text": text}


def post(obj, but=None):
    with lock.reading():
        targets = [conn for conn in members if conn is not but]
    for conn in targets:
        try:
            send_json(conn, obj)
        except OSError:
            pass


def enter(conn, nick):
    with lock.reading():
        if nick in members.values():
            return False
        members[conn] = nick  # <--
        return True


def handle(conn):
    nick, buffer = None, bytearray()
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            match obj:
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    if enter(conn, user.strip()):
                        nick = user.strip()
                        post(system(f"{nick} is here"))
                    else:
                        send_json(conn, system("that nick is taken"))
                case {"type": "chat", "text": str(text)} if nick is not None:
                    post({"type": "chat", "user": nick, "text": text}, but=conn)
                case {"type": "leave"}:
                    break
                case _:
                    send_json(conn, system("what?"))
    except (OSError, ValueError):
        pass
    finally:
        with lock.writing():
            was_in = members.pop(conn, None)
        conn.close()
        if was_in is not None:
            post(system(f"{nick} is gone"))


with socket.create_server((HOST, PORT)) as server:
    while True:
        threading.Thread(target=handle, args=server.accept()[:1], daemon=True).start()
