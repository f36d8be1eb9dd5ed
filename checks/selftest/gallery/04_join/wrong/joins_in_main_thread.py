"""Waits for the join in the main thread, and nobody else gets in meanwhile.

fails: 02.1
says: no system message with 'bob' in it came to bob
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def system(conn, text):
    send_json(conn, {"type": "system", "text": text})


def wait_for_join(conn, buffer):
    while (msg := recv_json(conn, buffer)) is not None and msg.get("type") != "leave":
        match msg:
            case {"type": "join", "user": str(user)} if 1 <= len(user.strip()) <= 32:
                system(conn, f"welcome, {user.strip()}")
                return user.strip()
        system(conn, "join first")
    return None


def handle_client(conn, nick, buffer):
    with conn:
        try:
            while (msg := recv_json(conn, buffer)) is not None and msg.get("type") != "leave":
                match msg:
                    case {"type": "chat", "text": str(text)}:
                        send_json(conn, {"type": "chat", "user": nick, "text": text})
                    case _:
                        system(conn, "refused")
        except (OSError, ValueError) as e:
            print(nick, e)


with socket.create_server((HOST, PORT)) as listener:
    while True:
        conn, _ = listener.accept()
        buffer = bytearray()
        try:
            nick = wait_for_join(conn, buffer)  # <--
        except (OSError, ValueError):
            nick = None
        if nick is None:
            conn.close()
        else:
            threading.Thread(target=handle_client, args=(conn, nick, buffer), daemon=True).start()
