"""Looks for the connection in the dict where it should look for the nick.

fails: 07.1
says: was let in, though 'alice' is in the room
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}  # connection -> nick
lock = threading.Lock()


def system(text):
    return {"type": "system", "text": text}


def broadcast(sender, obj, include_sender=False):
    with lock:
        conns = [conn for conn in clients if conn is not sender or include_sender]
    for conn in conns:
        try:
            send_json(conn, obj)  # <--
        except OSError:  # its own thread will notice
            pass


def join(conn, nick):
    """Take conn in, unless the nick is taken."""
    with lock:
        if conn in clients:
            return False
        clients[conn] = nick
    return True


def handle_client(conn, addr):
    buffer = bytearray()
    nick = None
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        if join(conn, user.strip()):
                            nick = user.strip()
                            broadcast(conn, system(f"{nick} has joined"), include_sender=True)
                        else:
                            send_json(conn, system(f"there is a {user.strip()} already, try another nick"))
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        broadcast(conn, {"type": "chat", "user": nick, "text": text})
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, system("join once, then chat"))
        except (OSError, ValueError) as error:
            print(addr, error)
        finally:
            with lock:
                member = clients.pop(conn, None)
            if member is not None:
                broadcast(conn, system(f"{nick} has left"))


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
