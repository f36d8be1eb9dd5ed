"""Whoever finds a member dead puts it on a list; a reaper looks every half second, removes and announces."""
import socket
import threading
import time

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}
dead = []
lock = threading.Lock()


def system(text):
    return {"type": "system", "text": text}


def broadcast(obj, but=None):
    with lock:
        targets = [conn for conn in clients if conn is not but]
    for conn in targets:
        try:
            send_json(conn, obj)
        except OSError:
            with lock:
                dead.append(conn)


def reaper():
    while True:
        time.sleep(0.5)
        with lock:
            gone = [(conn, clients.pop(conn)) for conn in dict.fromkeys(dead) if conn in clients]
            dead.clear()
        for conn, nick in gone:
            try:
                conn.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for conn, nick in gone:
            broadcast(system(f"{nick} has left"))


def handle_client(conn, addr):
    buffer = bytearray()
    nick = None
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        wanted = user.strip()
                        with lock:
                            if wanted not in clients.values():
                                nick = clients[conn] = wanted
                        if nick is None:
                            send_json(conn, system(f"{wanted} is taken"))
                        else:
                            broadcast(system(f"{nick} has joined"))
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        broadcast({"type": "chat", "user": nick, "text": text}, but=conn)
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, system("what?"))
        except (OSError, ValueError):
            pass
        with lock:
            was_in = clients.pop(conn, None)
        if was_in:
            broadcast(system(f"{nick} has left"))


def main():
    threading.Thread(target=reaper, daemon=True).start()
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
