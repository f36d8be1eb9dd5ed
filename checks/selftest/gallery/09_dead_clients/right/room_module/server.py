"""The room in a module of its own, with another utils.py: a Reader to iterate over, and an encode()."""

import contextlib
import socket
import threading

from room import Room
from utils import Reader, encode

HOST, PORT = "127.0.0.1", 9090

room = Room()


def refuse(conn, why):
    conn.sendall(encode({"type": "system", "text": why}))


def serve(conn, messages):
    me = None
    try:
        for obj in messages:
            if me is not None and me not in room:
                return
            match obj:
                case {"type": "join", "user": str(user)} if me is None and 1 <= len(user.strip()) <= 32:
                    me = room.enter(conn, user.strip())
                    if me is None:
                        refuse(conn, f"{user.strip()} is in the room")
                case {"type": "chat", "text": str(text)} if me is not None:
                    room.chat(me, text)
                case {"type": "leave"}:
                    return
                case _:
                    refuse(conn, "this message has no meaning now")
    finally:
        if me is not None:
            room.exit(me)


def handle_client(conn, addr):
    with conn, contextlib.closing(Reader(conn)) as messages:
        try:
            serve(conn, messages)
        except (OSError, ValueError, RecursionError) as error:
            print(addr, repr(error))


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle_client, args=listener.accept(), daemon=True).start()


if __name__ == "__main__":
    main()
