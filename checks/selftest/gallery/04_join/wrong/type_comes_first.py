"""Takes the first value of a message for its type, wherever the type stands.

fails: 04.2
says: no system message with 'alice' in it came to alice
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def system(text):
    return {"type": "system", "text": text}


def parts(obj):
    """The type and the other fields."""
    kind = next(iter(obj.values()), None)
    return kind, obj


def talk(conn):
    nick, buffer = None, bytearray()
    while (obj := recv_json(conn, buffer)) is not None:
        match parts(obj):
            case "leave", _:
                return
            case "join", {"user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                nick = user.strip()
                send_json(conn, system(f"welcome, {nick}"))
            case "chat", {"text": str(text)} if nick is not None:
                send_json(conn, {"type": "chat", "user": nick, "text": text})
            case _:  # <--
                send_json(conn, system("refused"))


def handle(conn, addr):
    with conn:
        try:
            talk(conn)
        except (OSError, ValueError) as error:
            print(addr, error)


if __name__ == "__main__":
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle, args=listener.accept(), daemon=True).start()
