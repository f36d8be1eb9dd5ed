"""Already keeps the members in a dict under a lock, and shuts their connections down on Ctrl-C."""

import contextlib
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
clients = {}  # every connection, with the nick or None
lock = threading.Lock()


def serve(conn):
    buffer = bytearray()
    while (msg := recv_json(conn, buffer)) is not None:
        with lock:
            nick = clients[conn]
        match msg:
            case {"type": "leave"}:
                return
            case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                with lock:
                    clients[conn] = user.strip()
                    count = sum(name is not None for name in clients.values())
                send_json(conn, {"type": "system", "text": f"members: {count}"})
                send_json(conn, {"type": "system", "text": f"you are {user.strip()}"})
            case {"type": "chat", "text": str(text)} if nick is not None:
                send_json(conn, {"type": "chat", "user": nick, "text": text})
            case _:
                send_json(conn, {"type": "system", "text": "refused"})


def handle_client(conn, addr):
    try:
        serve(conn)
    except (OSError, ValueError) as e:
        print(addr, e)
    finally:
        with lock:
            del clients[conn]
        conn.close()


def main():
    listener = socket.create_server((HOST, PORT))
    try:
        while True:
            conn, addr = listener.accept()
            with lock:
                clients[conn] = None
            threading.Thread(target=handle_client, args=(conn, addr)).start()
    except KeyboardInterrupt:
        listener.close()
        with lock:
            for conn in clients:
                with contextlib.suppress(OSError):
                    conn.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    main()
