"""Two dicts, nick -> connection and connection -> nick, both under one lock."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

lock = threading.Lock()
conn_of = {}
nick_of = {}


def deliver(conns, obj):
    for conn in conns:
        try:
            send_json(conn, obj)
        except OSError:
            pass


def join(conn, nick):
    """Return None, or why not."""
    with lock:
        if conn in nick_of:
            return f"you are {nick_of[conn]} already"
        if nick in conn_of:
            return f"{nick} is somebody else"
        conn_of[nick], nick_of[conn] = conn, nick
        everybody = [*nick_of]
    deliver(everybody, {"type": "system", "text": f"{nick} is in the room now"})


def leave(conn):
    with lock:
        nick = nick_of.pop(conn, None)
        if nick is None:
            return
        conn_of.pop(nick)
        everybody = [*nick_of]
    deliver(everybody, {"type": "system", "text": f"{nick} is not in the room any more"})


def chat(conn, text):
    """Return None, or why not."""
    with lock:
        try:
            nick = nick_of[conn]
        except KeyError:
            return "join first"
        others = [other for other in nick_of if other is not conn]
    deliver(others, {"type": "chat", "user": nick, "text": text})


def answer(conn, obj):
    """Return None, or what is wrong with the message."""
    kind = obj.get("type")
    if kind == "join":
        user = obj.get("user")
        if type(user) is not str or not 1 <= len(user.strip()) <= 32:
            return "a nick has 1 to 32 characters"
        return join(conn, user.strip())
    if kind == "chat":
        text = obj.get("text")
        return chat(conn, text) if type(text) is str else "a chat has a text"
    return "join, chat or leave"


def handle_client(conn, addr):
    buffer = bytearray()
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None and obj.get("type") != "leave":
                if problem := answer(conn, obj):
                    send_json(conn, {"type": "system", "text": problem})
        except (OSError, ValueError) as error:
            print(addr, error)
        finally:
            leave(conn)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
