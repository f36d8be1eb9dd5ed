"""Locks with an RLock of multiprocessing, which keeps the threads of one process apart, too.
"""

import multiprocessing
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}
lock = multiprocessing.RLock()


def system(text):
    return {"type": "system", "text": text}


def deliver(conns, obj):
    dead = []
    for conn in conns:
        try:
            send_json(conn, obj)
        except OSError:
            dead.append(conn)
    return dead


def broadcast(sender_conn, obj, include_sender=False):
    with lock:
        if sender_conn not in clients:
            return
        snapshot = [conn for conn in clients if conn is not sender_conn or include_sender]
    remove(deliver(snapshot, obj))


def remove(dead):
    while dead:
        with lock:
            gone = [(conn, clients.pop(conn)) for conn in dead if conn in clients]
            snapshot = list(clients)
        dead = []
        for conn, nick in gone:
            try:
                conn.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            dead += deliver(snapshot, system(f"{nick} has left"))


def handle_client(conn, addr):
    with conn:
        buffer = bytearray()
        nick = None
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        wanted = user.strip()
                        with lock:
                            if wanted not in clients.values():
                                nick = clients[conn] = wanted
                        if nick is None:
                            send_json(conn, system(f"{wanted} is taken, try another nick"))
                        else:
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
            remove([conn])


def main():
    with socket.create_server((HOST, PORT)) as listener:
        print(f"listening on {HOST}:{PORT}")
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
