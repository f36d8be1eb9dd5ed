"""Puts the time into the text of a leaving by %, in which the nick stands already.

fails: 05.3
says: '100%'
"""

import socket
import threading
import time

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}


def system(text):
    return {"type": "system", "text": text}


def broadcast(sender_conn, obj, include_sender=False):
    for conn in list(clients):
        if conn is not sender_conn or include_sender:
            try:
                send_json(conn, obj)
            except OSError:
                pass


def handle_client(conn, addr):
    with conn:
        buffer = bytearray()
        nick = None
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        nick = clients[conn] = user.strip()
                        broadcast(conn, system(f"{nick} has joined"), include_sender=True)
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        broadcast(conn, {"type": "chat", "user": nick, "text": text})
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, system("join first, once, with a nick of 1 to 32 characters; then chat"))
        except (OSError, ValueError) as error:
            print(f"{addr}: {error}")
        finally:
            if clients.pop(conn, None) is not None:
                broadcast(conn, system((nick + " has left at %s") % time.strftime("%X")))  # <--


def main():
    with socket.create_server((HOST, PORT)) as listener:
        print(f"listening on {HOST}:{PORT}")
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
