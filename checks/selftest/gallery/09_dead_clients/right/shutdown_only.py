"""A failing send only shuts the dead connection down; that wakes its own thread, which does all the rest."""

import contextlib
import json
import socket
import threading

from utils import recv_json

HOST, PORT = "127.0.0.1", 9090

clients = {}  # connection -> nick
lock = threading.Lock()


def send(conn, obj):
    conn.sendall(json.dumps(obj).encode() + b"\n")


def broadcast(obj, sender=None):
    with lock:
        receivers = [conn for conn in clients if conn is not sender]
    dead = []
    for conn in receivers:
        try:
            send(conn, obj)
        except OSError:
            dead.append(conn)
    with lock:  # a member's connection is open as long as it is in there
        for conn in dead:
            if conn in clients:
                with contextlib.suppress(OSError):
                    conn.shutdown(socket.SHUT_RDWR)


def system(text):
    return {"type": "system", "text": text}


def enter(conn, nick):
    with lock:
        free = nick not in clients.values()
        if free:
            clients[conn] = nick
    return free


def leave(conn):
    with lock:
        nick = clients.pop(conn, None)
    if nick is not None:
        broadcast(system(f"{nick} has left us"))


def serve(conn):
    buffer = bytearray()
    nick = None
    while (obj := recv_json(conn, buffer)) is not None:
        kind, user, text = obj.get("type"), obj.get("user"), obj.get("text")
        if kind == "join" and nick is None and isinstance(user, str) and 1 <= len(user.strip()) <= 32:
            if enter(conn, user.strip()):
                nick = user.strip()
                broadcast(system(f"{nick} is one of us"))
            else:
                send(conn, system(f"{user.strip()} is one of us, but you are not"))
        elif kind == "chat" and nick is not None and isinstance(text, str):
            broadcast({"type": "chat", "user": nick, "text": text}, sender=conn)
        elif kind == "leave":
            return
        else:
            send(conn, system("we do not do that here"))


def handle_client(conn, addr):
    with conn:
        try:
            serve(conn)
        except (OSError, ValueError, RecursionError) as error:
            print(addr, repr(error))
        finally:
            leave(conn)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle_client, args=listener.accept(), daemon=True).start()


if __name__ == "__main__":
    main()
