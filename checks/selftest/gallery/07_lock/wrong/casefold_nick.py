"""Nicks are compared without regard to case: Bob is refused while bob is there, though nobody has the nick Bob.

fails: 07.1
says: the nick 'Bob' was refused
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}  # conn -> nick
lock = threading.Lock()


def system(text):
    return {"type": "system", "text": text}


def broadcast(sender, obj, include_sender=False):
    with lock:
        for conn in clients:
            if include_sender or conn is not sender:
                try:
                    send_json(conn, obj)
                except OSError:
                    pass


def reserve(conn, nick):
    with lock:
        for other in clients.values():
            if other.casefold() == nick.casefold():
                return False
        clients[conn] = nick
    return True


def handle_client(conn, addr):
    with conn:
        nick, buffer = None, bytearray()
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        if not reserve(conn, user.strip()):
                            send_json(conn, system(f"{user.strip()} is taken"))
                        else:
                            nick = user.strip()
                            broadcast(conn, system(f"{nick} has joined"), True)
                    case {"type": "chat", "text": str(text)} if nick:
                        broadcast(conn, {"type": "chat", "user": nick, "text": text})
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, system("refused"))
        except (OSError, ValueError):
            pass
        finally:
            with lock:
                clients.pop(conn, None)
            if nick:
                broadcast(conn, system(f"{nick} has left"))


def main():
    with socket.create_server((HOST, PORT), backlog=128) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
