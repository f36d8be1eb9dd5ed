"""Only ConnectionError counts as a dead member; a send that times out, or on a connection that its own thread has just closed, is another OSError.
fails: 09.1 09.2 09.3 09.4
says: from alice did not come to first
The OSError (ETIMEDOUT, EHOSTUNREACH, EBADF) goes up into the sender's loop: the rest get nothing, and the sender is out.
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}
lock = threading.Lock()


def system(text):
    return {"type": "system", "text": text}


def deliver(conns, obj):
    dead = []
    for conn in conns:
        try:
            send_json(conn, obj)  # <--
        except ConnectionError:
            dead.append(conn)
    return dead


def broadcast(sender, obj, include_sender=False):
    with lock:
        if sender not in clients:
            return
        snapshot = [conn for conn in clients if include_sender or conn is not sender]
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
    nick = None
    buffer = bytearray()
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
                            broadcast(conn, system(f"{nick} has joined"), True)
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        broadcast(conn, {"type": "chat", "user": nick, "text": text})
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, system("refused"))
        except (OSError, ValueError) as error:
            print(addr, error)
        finally:
            remove([conn])


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
