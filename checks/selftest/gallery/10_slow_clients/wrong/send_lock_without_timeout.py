"""A lock for each connection, so nothing mixes; but a send takes as long as its receiver likes.

fails: 10.1 10.2
says: from alice did not come to carol
"""

import socket
import threading

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090

lock = threading.Lock()
clients = {}  # connection -> nick
sending = {}  # connection -> the lock of its sends


def system(text):
    return {"type": "system", "text": text}


def send(conn, obj):
    """Send obj; return whether that went well."""
    with lock:
        mine = sending.get(conn)
    if mine is None:
        return True
    with mine:
        try:
            conn.sendall(encode(obj))  # <--
            return True
        except OSError:  # a time-out is one, too
            hang_up(conn)
            return False


def hang_up(conn):
    try:
        conn.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def broadcast(sender, obj, to_all=False):
    with lock:
        if sender not in clients:
            return
        receivers = [conn for conn in clients if to_all or conn is not sender]
    remove([conn for conn in receivers if not send(conn, obj)])


def remove(dead):
    while dead:
        with lock:
            gone = [(conn, clients.pop(conn)) for conn in dead if conn in clients]
            rest = list(clients)
        dead = []
        for conn, nick in gone:
            hang_up(conn)
            dead += [other for other in rest if not send(other, system(f"{nick} has left"))]


def receive(conn, buffer):
    """The next message, however long it takes: the time-out is for sends."""
    while True:
        try:
            return recv_json(conn, buffer)
        except TimeoutError:
            continue


def handle_client(conn, addr):
    with lock:
        sending[conn] = threading.Lock()
    buffer, nick = bytearray(), None
    try:
        while (obj := receive(conn, buffer)) is not None:
            match obj:
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    with lock:
                        if user.strip() not in clients.values():
                            nick = clients[conn] = user.strip()
                    if nick:
                        broadcast(conn, system(f"{nick} has joined"), to_all=True)
                    else:
                        send(conn, system("that nick is taken"))
                case {"type": "chat", "text": str(text)} if nick:
                    broadcast(conn, {"type": "chat", "user": nick, "text": text})
                case {"type": "leave"}:
                    break
                case _:
                    send(conn, system("join, then chat"))
    except (OSError, ValueError, RecursionError):
        pass
    finally:
        remove([conn])
        with lock:
            del sending[conn]
        conn.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle_client, args=listener.accept(), daemon=True).start()


if __name__ == "__main__":
    main()
