"""Three threads accept from one listener, started together by a Barrier; the members are a UserDict with its own lock."""

import collections
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Members(collections.UserDict):
    def __init__(self):
        self.lock = threading.Lock()
        super().__init__()

    def __enter__(self):
        self.lock.acquire()
        return self

    def __exit__(self, *_):
        self.lock.release()


together = threading.Barrier(4)
members = Members()


def post(obj, but=None):
    with members as here:
        for conn in here:
            if conn != but:
                try:
                    send_json(conn, obj)
                except OSError:
                    pass


def serve(conn):
    buffer = bytearray()
    nick = ""
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            if obj == {"type": "leave"}:
                break
            match obj.get("type"), obj.get("user"), obj.get("text"):
                case "leave", _, _:
                    break
                case "join", str(user), _ if not nick and 0 < len(user.strip()) < 33:
                    with members as here:
                        if user.strip() in here.values():
                            send_json(conn, {"type": "system", "text": f"{user.strip()}: taken"})
                            continue
                        nick = here[conn] = user.strip()
                    post({"type": "system", "text": f"{nick}: hello"})
                case "chat", _, str(text) if nick:
                    post({"type": "chat", "user": nick, "text": text}, but=conn)
                case _:
                    send_json(conn, {"type": "system", "text": "no"})
    except (OSError, ValueError):
        pass
    finally:
        with members as here:
            here.pop(conn, None)
        if nick:
            post({"type": "system", "text": f"{nick}: goodbye"})
        conn.close()


def accept(listener):
    together.wait()
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=serve, args=(conn,), daemon=True).start()


with socket.create_server((HOST, PORT)) as listener:
    acceptors = [threading.Thread(target=accept, args=(listener,), daemon=True) for _ in range(3)]
    for acceptor in acceptors:
        acceptor.start()
    together.wait()
    for acceptor in acceptors:
        while acceptor.is_alive():
            acceptor.join(1)
