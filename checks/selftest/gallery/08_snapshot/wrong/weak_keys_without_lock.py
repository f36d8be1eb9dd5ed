"""The members, whom a WeakKeyDictionary holds, are copied without the lock.

fails: 07.3
"""

import socket
import threading
import weakref

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

nicks = weakref.WeakKeyDictionary()  # connection -> nick
one_at_a_time = threading.Semaphore(1)


def connections(but=None):
    return [conn for conn in nicks.keys() if conn is not but]  # <--


def broadcast(obj, but=None):
    for conn in connections(but):
        try:
            send_json(conn, obj)
        except OSError:
            pass


def system(text):
    return {"type": "system", "text": text}


def name(conn, nick):
    with one_at_a_time:
        if nick not in nicks.values():
            nicks[conn] = nick
        return nicks.get(conn)


def unname(conn):
    with one_at_a_time:
        return nicks.pop(conn, None)


def handle_client(conn):
    buffer = bytearray()
    nick = None
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        nick = name(conn, user.strip())
                        if nick is None:
                            send_json(conn, system(f"{user.strip()} is somebody's name"))
                        else:
                            broadcast(system(f"{nick} has a name now"))
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        broadcast({"type": "chat", "user": nick, "text": text}, but=conn)
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, system("excuse me?"))
        except (OSError, ValueError) as error:
            print(nick, error)
        finally:
            if unname(conn) is not None:
                broadcast(system(f"{nick} is a name for anybody again"))


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()
            del conn


if __name__ == "__main__":
    main()
