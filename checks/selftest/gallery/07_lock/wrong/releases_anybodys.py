"""A join that is refused before it has taken the lock gives the lock back all the same, whoever has it.

fails: 07.3
says: the thread of anna goes through `clients` at server.py:
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}
lock = threading.Lock()


class Refused(Exception):
    pass


def system(text):
    return {"type": "system", "text": text}


def broadcast(sender, obj, include_sender=False):
    with contextlock():
        for conn in clients:  # <--
            if conn is not sender or include_sender:
                try:
                    send_json(conn, obj)
                except OSError:
                    pass


class contextlock:
    def __enter__(self):
        lock.acquire()

    def __exit__(self, *exception):
        give_back()


def give_back():
    if lock.locked():
        lock.release()


def join(conn, obj):
    try:
        user = obj.get("user")
        if not isinstance(user, str) or not 1 <= len(user.strip()) <= 32:
            raise Refused("a nick has 1 to 32 characters")
        nick = user.strip()
        lock.acquire()
        if nick in clients.values():
            raise Refused(f"{nick} is taken")
        clients[conn] = nick
        return nick
    finally:
        give_back()


def handle_client(conn, addr):
    nick, buffer = None, bytearray()
    try:
        while (obj := recv_json(conn, buffer)) is not None and obj.get("type") != "leave":
            try:
                if obj.get("type") == "join" and nick is None:
                    nick = join(conn, obj)
                    broadcast(conn, system(f"{nick} has joined"), include_sender=True)
                elif obj.get("type") == "chat" and nick is not None and isinstance(obj.get("text"), str):
                    broadcast(conn, {"type": "chat", "user": nick, "text": obj["text"]})
                else:
                    raise Refused("not now, or not so")
            except Refused as why:
                send_json(conn, system(str(why)))
    except (OSError, ValueError) as error:
        print(f"{addr}: {error!r}")
    finally:
        with contextlock():
            gone = clients.pop(conn, None)
        if gone is not None:
            broadcast(conn, system(f"{gone} has left"))
        conn.close()


if __name__ == "__main__":
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle_client, args=listener.accept(), daemon=True).start()
