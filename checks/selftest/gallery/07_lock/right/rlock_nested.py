"""An RLock: join and leave hold it and call broadcast, which takes it again and sends under it."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}  # connection -> nick
lock = threading.RLock()


def system(text):
    return {"type": "system", "text": text}


def broadcast(sender_conn, obj, include_sender=False):
    with lock:
        for conn in clients:
            if conn is not sender_conn or include_sender:
                try:
                    send_json(conn, obj)
                except OSError:
                    pass


def join(conn, nick):
    """Return whether the nick was free."""
    with lock:
        if nick in clients.values():
            return False
        clients[conn] = nick
        broadcast(conn, system(f"{nick} is here"), include_sender=True)
        return True


def leave(conn):
    with lock:
        nick = clients.pop(conn, None)
        if nick is not None:
            broadcast(conn, system(f"{nick} is gone"))


def converse(conn):
    buffer, nick = bytearray(), None
    while (obj := recv_json(conn, buffer)) is not None:
        match obj:
            case {"type": "join", "user": str(user)} if nick is None and 0 < len(user.strip()) <= 32:
                if join(conn, user.strip()):
                    nick = user.strip()
                else:
                    send_json(conn, system(f"there is a {user.strip()} already"))
            case {"type": "chat", "text": str(text)} if nick is not None:
                broadcast(conn, {"type": "chat", "user": nick, "text": text})
            case {"type": "leave"}:
                return
            case _:
                send_json(conn, system("that does not work"))


def handle_client(conn, addr):
    with conn:
        try:
            converse(conn)
        except (OSError, ValueError, RecursionError) as error:
            print(addr, error)
        finally:
            leave(conn)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle_client, args=listener.accept(), daemon=True).start()


if __name__ == "__main__":
    main()
