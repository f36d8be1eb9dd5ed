"""A BoundedSemaphore(1) as the lock, and an ExitStack whose callbacks clean up."""

import contextlib
import functools
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}
gate = threading.BoundedSemaphore(1)


def to_all(kind, text, but=None, **fields):
    gate.acquire()
    with contextlib.ExitStack() as stack:
        stack.callback(gate.release)
        for conn in clients:
            if conn is not but:
                with contextlib.suppress(OSError):
                    send_json(conn, {"type": kind, "text": text, **fields})


def forget(conn):
    with gate:
        nick = clients.pop(conn)
    to_all("system", f"{nick} hung up")


def remember(conn, nick, stack):
    with gate:
        if nick in clients.values():
            return False
        clients[conn] = nick
        stack.callback(forget, conn)
    to_all("system", f"{nick} rang in")
    return True


def serve(conn, stack):
    nick = None
    answer = functools.partial(send_json, conn)
    receive = functools.partial(recv_json, conn, bytearray())
    for obj in iter(receive, None):
        kind, user, text = (obj.get(key) for key in ("type", "user", "text"))
        if kind == "leave":
            break
        if kind == "join" and nick is None and isinstance(user, str) and 1 <= len(user.strip()) <= 32:
            user = user.strip()
            if remember(conn, user, stack):
                nick = user
            else:
                answer({"type": "system", "text": f"{user} is engaged"})
        elif kind == "chat" and nick is not None and isinstance(text, str):
            to_all("chat", text, but=conn, user=nick)
        else:
            answer({"type": "system", "text": "wrong number"})


def handle_client(conn, addr):
    with contextlib.suppress(OSError, ValueError), contextlib.ExitStack() as stack:
        stack.enter_context(conn)  # closed last
        serve(conn, stack)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle_client, args=listener.accept(), daemon=True).start()


if __name__ == "__main__":
    main()
