"""Prints to the members' files with flush=True while it holds the lock.

fails: 08.1 08.2
says: the thread of walter calls send
"""

import contextlib
import json
import socket
import threading

from utils import recv_json

HOST, PORT = "127.0.0.1", 9090

lock = threading.Lock()
people = {}  # nick -> text file on the connection


def say(file, **message):
    print(json.dumps(message), file=file, flush=True)  # <--


def say_to_all(but=None, **message):
    with lock:
        for nick, file in people.items():
            if nick != but:
                with contextlib.suppress(OSError, ValueError):  # broken, or closed
                    say(file, **message)  # <--


def sign_in(nick, file):
    with lock:
        return people.setdefault(nick, file) is file


def sign_out(nick):
    with lock:
        del people[nick]


def chat(conn, file):
    buffer, me = bytearray(), None
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            match obj:
                case {"type": "leave"}:
                    return
                case {"type": "join", "user": str(user)} if me is None and 1 <= len(user.strip()) <= 32:
                    if sign_in(user.strip(), file):
                        me = user.strip()
                        say_to_all(type="system", text=f"{me} signs in")
                    else:
                        say(file, type="system", text=f"{user.strip()} has signed in already")
                case {"type": "chat", "text": str(text)} if me is not None:
                    say_to_all(but=me, type="chat", user=me, text=text)
                case _:
                    say(file, type="system", text="pardon?")
    finally:
        if me is not None:
            sign_out(me)
            say_to_all(type="system", text=f"{me} signs out")


def handle(conn):
    with contextlib.suppress(OSError, ValueError):
        with conn, conn.makefile("w", encoding="utf-8", newline="\n") as file:
            chat(conn, file)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
