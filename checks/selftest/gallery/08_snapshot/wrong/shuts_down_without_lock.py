"""On Ctrl-C the main thread goes through the members without the lock, to end their connections.

fails: 07.3
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}  # connection -> nick, or None before the join
lock = threading.Lock()


def send_to_members(obj, but=None):
    with lock:
        members = [conn for conn, nick in clients.items() if nick is not None and conn is not but]
    for conn in members:
        try:
            send_json(conn, obj)
        except OSError:
            pass


def set_nick(conn, nick):
    with lock:
        if nick in clients.values():
            return False
        clients[conn] = nick
        return True


def answer(conn, obj):
    """Return False when the client leaves."""
    with lock:
        nick = clients[conn]
    match obj:
        case {"type": "leave"}:
            return False
        case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
            if set_nick(conn, user.strip()):
                send_to_members({"type": "system", "text": f"{user.strip()} in"})
            else:
                send_json(conn, {"type": "system", "text": f"{user.strip()} is in already"})
        case {"type": "chat", "text": str(text)} if nick is not None:
            send_to_members({"type": "chat", "user": nick, "text": text}, but=conn)
        case _:
            send_json(conn, {"type": "system", "text": "no"})
    return True


def handle_client(conn):
    buffer = bytearray()
    try:
        while (obj := recv_json(conn, buffer)) is not None and answer(conn, obj):
            pass
    except (OSError, ValueError, RecursionError) as error:
        print(repr(error))
    finally:
        with lock:
            nick = clients.pop(conn)
        try:
            if nick is not None:
                send_to_members({"type": "system", "text": f"{nick} out"})
        finally:
            conn.close()  # after that it is not in the store: nobody shuts it down


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            with lock:
                clients[conn] = None
            threading.Thread(target=handle_client, args=(conn,)).start()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        for conn in clients:  # <--
            try:
                conn.shutdown(socket.SHUT_RDWR)  # ends its recv, and a send that is stuck
            except OSError:
                pass  # it has gone already
