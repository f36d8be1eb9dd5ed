"""Strips the text of a chat, and with it the newlines and spaces that belong to it.

fails: 03.2 04.2
says: alice heard something else first
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    nick = None
    buffer = bytearray()
    with conn:
        try:
            while (msg := recv_json(conn, buffer)) is not None:
                match msg:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        nick = user.strip()
                        send_json(conn, {"type": "system", "text": f"welcome, {nick}"})
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        send_json(conn, {"type": "chat", "user": nick, "text": text.strip()})  # <--
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, {"type": "system", "text": "refused"})
        except (OSError, ValueError) as e:
            print(addr, e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
