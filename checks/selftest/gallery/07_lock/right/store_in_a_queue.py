"""No lock: the dict of the members lies in a queue of one place, and only who has taken it out may touch it."""

import queue
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

table = queue.Queue(maxsize=1)
table.put({})  # connection -> nick


def system(text):
    return {"type": "system", "text": text}


def spread(clients, obj, but=None):
    for conn in clients:
        if conn is not but:
            try:
                send_json(conn, obj)
            except OSError:
                pass


def join(conn, nick):
    clients = table.get()
    try:
        if nick in clients.values():
            send_json(conn, system(f"{nick} is at the table already"))
            return None
        clients[conn] = nick
        spread(clients, system(f"{nick} takes a seat"))
        return nick
    finally:
        table.put(clients)


def say(conn, text):
    clients = table.get()
    try:
        spread(clients, {"type": "chat", "user": clients[conn], "text": text}, but=conn)
    finally:
        table.put(clients)


def leave(conn):
    clients = table.get()
    try:
        if conn in clients:
            nick = clients.pop(conn)
            spread(clients, system(f"{nick} gets up"))
    finally:
        table.put(clients)


def handle_client(conn, addr):
    buffer = bytearray()
    nick = None
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        nick = join(conn, user.strip())
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        say(conn, text)
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, system("pardon?"))
        except (OSError, ValueError) as error:
            print(addr, error)
        finally:
            leave(conn)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
