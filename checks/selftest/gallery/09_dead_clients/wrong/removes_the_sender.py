"""Removes the sender when a send to somebody else fails.

fails: 09.1 09.2 09.3 09.4
says: from alice did not come to first
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}  # connection -> nick
lock = threading.Lock()


def system(text):
    return {"type": "system", "text": text}


def remove(conn):
    """Take conn out of the room; return its nick, or None if it is out already."""
    with lock:
        nick = clients.pop(conn, None)
    try:
        conn.shutdown(socket.SHUT_RDWR)  # wakes its own thread, which closes it
    except OSError:
        pass
    return nick


def broadcast(sender, obj, include_sender=False):
    waiting = [(obj, None if include_sender else sender)]
    while waiting:  # what is to be told, then who was found dead by it
        obj, skip = waiting.pop(0)
        with lock:
            conns = [conn for conn in clients if conn is not skip]
        dead = []
        for conn in conns:
            try:
                send_json(conn, obj)  # <--
            except OSError:
                dead.append(sender)
        for conn in dead:
            nick = remove(conn)
            if nick is not None:
                waiting.append((system(f"{nick} has left"), None))


def join(conn, nick):
    with lock:
        if nick in clients.values():
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
                            send_json(conn, system(f"{user.strip()} is taken"))
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        broadcast(conn, {"type": "chat", "user": nick, "text": text})
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, system("join once, then chat"))
        except (OSError, ValueError) as error:
            print(addr, error)
        finally:
            if remove(conn) is not None:
                broadcast(conn, system(f"{nick} has left"))


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
