"""Optimistic: enter first, then count; if there are two of the nick, withdraw. Two at the same moment both withdraw: nobody gets it.
fails: 07.2 07.1
says: neither of two that asked for
Breaks "exactly one gets it": both enter, both count two, both withdraw. (Each section by itself is under the lock.)
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}
lock = threading.Lock()


def system(text):
    return {"type": "system", "text": text}


def broadcast(sender, obj):
    with lock:
        for conn in clients:
            if conn is not sender:
                try:
                    send_json(conn, obj)
                except OSError:
                    pass


def claim(conn, nick):
    """Like compare-and-swap, but with the comparison afterwards."""
    with lock:
        clients[conn] = nick
    with lock:  # <--
        holders = sum(1 for other in clients.values() if other == nick)
    if holders > 1:
        with lock:
            del clients[conn]
        return False
    return True


def withdraw(conn):
    with lock:
        return clients.pop(conn, None)


def handle_client(conn, addr):
    nick = None
    buffer = bytearray()
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        wanted = user.strip()
                        if claim(conn, wanted):
                            nick = wanted
                            broadcast(None, system(f"{nick} has joined"))
                        else:
                            send_json(conn, system(f"{wanted} is taken"))
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        broadcast(conn, {"type": "chat", "user": nick, "text": text})
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, system("refused"))
        except (OSError, ValueError) as error:
            print(addr, error)
        finally:
            gone = withdraw(conn)
            if gone is not None:
                broadcast(conn, system(f"{gone} has left"))


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
