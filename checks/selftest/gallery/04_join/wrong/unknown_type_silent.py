"""Refuses joins and chats as it should, but has no else for an unknown type.

fails: 04.4
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def system(conn, text):
    send_json(conn, {"type": "system", "text": text})


def handle_client(conn, addr):
    nick = None
    buffer = bytearray()
    with conn:
        try:
            while (msg := recv_json(conn, buffer)) is not None:  # <--
                kind = msg.get("type")
                if kind == "join":
                    user = msg.get("user")
                    if nick is None and isinstance(user, str) and 1 <= len(user.strip()) <= 32:
                        nick = user.strip()
                        system(conn, f"welcome, {nick}")
                    else:
                        system(conn, "you cannot join like that")
                elif kind == "chat":
                    if nick is not None and isinstance(msg.get("text"), str):
                        send_json(conn, {"type": "chat", "user": nick, "text": msg["text"]})
                    else:
                        system(conn, "you cannot chat like that")
                elif kind == "leave":
                    break
        except (OSError, ValueError) as e:
            print(addr, e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
