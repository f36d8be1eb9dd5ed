"""What is still to be told is a list: each dead member that is found adds its leaving to it, so nothing calls itself."""

import json
import socket
import threading
from collections import deque

from utils import recv_json

HOST, PORT = "127.0.0.1", 9090

clients = {}  # connection -> nick
lock = threading.Lock()


def system(text):
    return {"type": "system", "text": text}


def send(conn, obj):
    conn.sendall(json.dumps(obj).encode() + b"\n")


def remove(conn):
    """Take a member out and hang up; return its nick, None if another thread was quicker."""
    with lock:
        nick = clients.pop(conn, None)
        if nick is not None:
            try:
                conn.shutdown(socket.SHUT_RDWR)  # its own thread wakes, and closes
            except OSError:
                pass
        return nick


def broadcast(obj, but=None):
    to_tell = deque([(obj, but)])
    while to_tell:
        obj, but = to_tell.popleft()
        with lock:
            receivers = [conn for conn in clients if conn is not but]
        for conn in receivers:
            try:
                send(conn, obj)
            except OSError:
                nick = remove(conn)
                if nick is not None:
                    to_tell.append((system(f"{nick} was lost"), None))


def join(conn, nick):
    with lock:
        if nick in clients.values():
            return False
        clients[conn] = nick
        return True


def is_member(conn):
    with lock:
        return conn in clients


def handle_client(conn, addr):
    buffer, nick = bytearray(), None
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                if nick is not None and not is_member(conn):
                    break  # somebody has found this one dead
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        if join(conn, user.strip()):
                            nick = user.strip()
                            broadcast(system(f"{nick} joined"))
                        else:
                            send(conn, system(f"{user.strip()} is taken"))
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        broadcast({"type": "chat", "user": nick, "text": text}, but=conn)
                    case {"type": "leave"}:
                        break
                    case _:
                        send(conn, system("refused"))
        except (OSError, ValueError, RecursionError) as error:
            print(addr, repr(error))
        finally:
            if remove(conn) is not None:
                broadcast(system(f"{nick} left"))


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle_client, args=listener.accept(), daemon=True).start()


if __name__ == "__main__":
    main()
