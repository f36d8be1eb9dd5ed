"""Whoever finds a member dead takes it out and hangs up, but its leaving is announced by its own thread alone."""

import json
import socket
import threading

from utils import recv_json

HOST, PORT = "127.0.0.1", 9090

members = {}  # nick -> connection
lock = threading.Lock()


class Dead(Exception):
    """This client was found dead by another thread."""


def send(conn, **obj):
    conn.sendall(json.dumps(obj).encode() + b"\n")


def bury(nick, conn):
    """Take the dead member out, unless it is out already and another one has its nick."""
    with lock:
        if members.get(nick) is conn:
            del members[nick]
            try:
                conn.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def spread(receivers, **obj):
    for nick, conn in receivers:
        try:
            send(conn, **obj)
        except OSError:
            bury(nick, conn)


def everybody():
    with lock:
        return list(members.items())


def chat(me, conn, text):
    with lock:
        if members.get(me) is not conn:
            raise Dead
        others = [(nick, other) for nick, other in members.items() if nick != me]
    spread(others, type="chat", user=me, text=text)


def be_member(me, conn, buffer):
    spread(everybody(), type="system", text=f"{me} lives here now")
    while (obj := recv_json(conn, buffer)) is not None:
        match obj:
            case {"type": "chat", "text": str(text)}:
                chat(me, conn, text)
            case {"type": "leave"}:
                return
            case _:
                send(conn, type="system", text="please chat or leave")


def converse(conn, buffer):
    while (obj := recv_json(conn, buffer)) is not None:
        match obj:
            case {"type": "join", "user": str(user)} if 1 <= len(me := user.strip()) <= 32:
                with lock:
                    free = members.setdefault(me, conn) is conn
                if free:
                    try:
                        return be_member(me, conn, buffer)
                    finally:
                        bury(me, conn)
                        spread(everybody(), type="system", text=f"{me} does not live here any more")
                send(conn, type="system", text=f"{me} lives here already")
            case {"type": "leave"}:
                return
            case _:
                send(conn, type="system", text="please join first")


def handle_client(conn):
    with conn:
        try:
            converse(conn, bytearray())
        except (OSError, ValueError, RecursionError, Dead) as error:
            print(repr(error))


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
