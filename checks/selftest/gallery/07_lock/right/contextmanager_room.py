"""A generator with @contextmanager takes the lock, yields the members, and gives it back."""

import socket
import threading
from contextlib import closing, contextmanager

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

_lock = threading.Lock()
_members = {}  # nick -> connection


@contextmanager
def members():
    _lock.acquire()
    try:
        yield _members
    finally:
        _lock.release()


def announce(text):
    with members() as room:
        for conn in room.values():
            try:
                send_json(conn, {"type": "system", "text": text})
            except OSError:
                pass


def chat(nick, text):
    with members() as room:
        for other, conn in room.items():
            if other != nick:
                try:
                    send_json(conn, {"type": "chat", "user": nick, "text": text})
                except OSError:
                    pass


def ask_for_nick(conn, buffer):
    """Return the nick that this client has got; None when it has gone before that."""
    while (obj := recv_json(conn, buffer)) is not None and obj.get("type") != "leave":
        user = obj.get("user")
        if obj.get("type") != "join" or not isinstance(user, str) or not 1 <= len(user.strip()) <= 32:
            send_json(conn, {"type": "system", "text": "who are you? join with 1 to 32 characters"})
            continue
        nick = user.strip()
        with members() as room:
            if nick not in room:
                room[nick] = conn
                return nick
        send_json(conn, {"type": "system", "text": f"not {nick}, that is another one"})
    return None


def listen_to(nick, conn, buffer):
    while (obj := recv_json(conn, buffer)) is not None and obj.get("type") != "leave":
        if obj.get("type") == "chat" and isinstance(obj.get("text"), str):
            chat(nick, obj["text"])
        else:
            send_json(conn, {"type": "system", "text": "you can chat or leave"})


def handle_client(conn, addr):
    buffer = bytearray()
    with closing(conn):
        try:
            nick = ask_for_nick(conn, buffer)
            if nick is not None:
                try:
                    announce(f"{nick} has come")
                    listen_to(nick, conn, buffer)
                finally:
                    with members() as room:
                        del room[nick]
                    announce(f"{nick} has gone")
        except (OSError, ValueError) as error:
            print(addr, error)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle_client, args=(*listener.accept(),), daemon=True).start()


if __name__ == "__main__":
    main()
