"""The members live in a module of their own, room.py, and server.py never sees the dict."""

import socket
from threading import Thread

import room
from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def refuse(conn, why):
    send_json(conn, {"type": "system", "text": why})


def step(conn, message):
    kind, nick = message.get("type"), room.nick_of(conn)
    if kind == "join":
        wanted = message.get("user")
        if nick is not None:
            refuse(conn, f"you are {nick} already")
        elif isinstance(wanted, str) and 1 <= len(wanted.strip()) <= 32:
            room.enter(conn, wanted.strip())
        else:
            refuse(conn, "that is no nick")
    elif nick is None:
        refuse(conn, "who are you?")
    elif kind == "chat" and isinstance(message.get("text"), str):
        room.to_all({"type": "chat", "user": nick, "text": message["text"]}, but=conn)
    else:
        refuse(conn, "what?")


def serve(conn):
    buffer = bytearray()
    with conn:
        try:
            while True:
                message = recv_json(conn, buffer)
                if message is None or message.get("type") == "leave":
                    return
                step(conn, message)
        except (OSError, ValueError):
            return
        finally:
            room.exit(conn)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            Thread(target=serve, args=listener.accept()[:1], daemon=True).start()


if __name__ == "__main__":
    main()
