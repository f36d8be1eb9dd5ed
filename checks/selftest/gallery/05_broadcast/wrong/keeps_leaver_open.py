"""After leave the server goes on reading and never closes its side.

fails: 04.3 05.1
says: the server did not close alice's connection
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}  # connection -> nick


def system(text):
    return {"type": "system", "text": text}


def broadcast(sender, obj, include_sender=False):
    for conn in list(clients):
        if conn is sender and not include_sender:
            continue
        try:
            send_json(conn, obj)
        except OSError:
            pass


def handle_client(conn, addr):
    buffer = bytearray()
    nick = None
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:  # <--
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        nick = user.strip()
                        clients[conn] = nick
                        broadcast(conn, system(f"{nick} joined"), include_sender=True)
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        broadcast(conn, {"type": "chat", "user": nick, "text": text})
                    case {"type": "leave"}:
                        if clients.pop(conn, None):  # <--
                            broadcast(conn, system(f"{nick} left"))
                            nick = None
                    case _:
                        send_json(conn, system("sorry, I cannot do that"))
        except (OSError, ValueError) as error:
            print(addr, error)
        finally:
            if clients.pop(conn, None):
                broadcast(conn, system(f"{nick} left"))


def main():
    with socket.create_server((HOST, PORT)) as server:
        while True:
            conn, addr = server.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
