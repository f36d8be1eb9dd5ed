"""The members and their lock are in another module, which calls back for each member while it holds the lock."""

import socket
import threading

import registry
from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def system(text):
    return {"type": "system", "text": text}


def to_all(obj, but=None):
    def send_one(conn):
        try:
            send_json(conn, obj)
        except OSError:
            pass

    registry.for_each(send_one, but)


def handle_client(conn):
    nick, buffer = None, bytearray()
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "leave"}:
                        break
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        if registry.add(user.strip(), conn):
                            nick = user.strip()
                            to_all(system(f"* {nick} joined"))
                        else:
                            send_json(conn, system(f"* {user.strip()} is registered already"))
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        to_all({"type": "chat", "user": nick, "text": text}, but=conn)
                    case _:
                        send_json(conn, system("* what?"))
        except (OSError, ValueError):
            pass
        finally:
            if nick is not None and registry.remove(nick, conn):
                to_all(system(f"* {nick} left"))


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
