"""A second lock lets one thread send at a time, so that all hear all in one order; members come and go without it."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

members = {}  # conn -> nick
members_lock = threading.Lock()
sending = threading.Lock()  # guards no data: whoever has it sends


def system(text):
    return {"type": "system", "text": text}


def broadcast(obj, but=None):
    with sending:
        with members_lock:
            targets = [conn for conn in members if conn is not but]
        for conn in targets:
            try:
                send_json(conn, obj)
            except OSError:
                pass


def join(conn, nick):
    with members_lock:
        if nick in members.values():
            return False
        members[conn] = nick
    broadcast(system(f"{nick} has joined"))
    return True


def leave(conn):
    with members_lock:
        nick = members.pop(conn, None)
    if nick is not None:
        broadcast(system(f"{nick} has left"))


def handle_client(conn):
    nick, buffer = None, bytearray()
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        if join(conn, user.strip()):
                            nick = user.strip()
                        else:
                            send_json(conn, system(f"{user.strip()} is taken"))
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        broadcast({"type": "chat", "user": nick, "text": text}, but=conn)
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, system("that is refused"))
        except (OSError, ValueError):
            pass
        finally:
            leave(conn)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle_client, args=(listener.accept()[0],), daemon=True).start()


if __name__ == "__main__":
    main()
