"""No lock: an owner thread keeps the members, and tells only the first who reports one dead that it was a member."""

import json
import queue
import socket
import threading
from concurrent.futures import Future

from utils import recv_json

HOST, PORT = "127.0.0.1", 9090


class Owner(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.calls = queue.SimpleQueue()
        self._members = {}  # connection -> nick; only this thread touches it

    def run(self):
        while True:
            future, method, args = self.calls.get()
            future.set_result(method(*args))

    def _call(self, method, *args):
        future = Future()
        self.calls.put((future, method, args))
        return future.result()

    def join_room(self, conn, nick):
        return self._call(self._join_room, conn, nick)

    def remove(self, conn):
        return self._call(self._remove, conn)

    def members(self):
        return self._call(self._copy)

    def _join_room(self, conn, nick):
        if nick in self._members.values():
            return False
        self._members[conn] = nick
        return True

    def _remove(self, conn):
        nick = self._members.pop(conn, None)
        if nick is not None:
            try:
                conn.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        return nick

    def _copy(self):
        return self._members.copy()


owner = Owner()


def send(conn, **obj):
    conn.sendall(json.dumps(obj).encode() + b"\n")


def send_to(conns, **obj):
    """Send to these; then remove and announce the dead until there are no more."""
    news = [(conns, obj)]
    while news:
        conns, obj = news.pop(0)
        for conn in conns:
            try:
                send(conn, **obj)
            except OSError:
                nick = owner.remove(conn)
                if nick is not None:
                    news.append((owner.members(), {"type": "system", "text": f"{nick} fell silent"}))


def handle_client(conn, addr):
    buffer, nick = bytearray(), None
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        if owner.join_room(conn, user.strip()):
                            nick = user.strip()
                            send_to(owner.members(), type="system", text=f"{nick} joined")
                        else:
                            send(conn, type="system", text=f"{user.strip()} is owned")
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        members = owner.members()
                        if members.pop(conn, None) is None:
                            break
                        send_to(members, type="chat", user=nick, text=text)
                    case {"type": "leave"}:
                        break
                    case _:
                        send(conn, type="system", text="no")
        except (OSError, ValueError, RecursionError) as error:
            print(addr, repr(error))
        finally:
            if owner.remove(conn) is not None:
                send_to(owner.members(), type="system", text=f"{nick} left")


def main():
    owner.start()
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle_client, args=listener.accept(), daemon=True).start()


if __name__ == "__main__":
    main()
