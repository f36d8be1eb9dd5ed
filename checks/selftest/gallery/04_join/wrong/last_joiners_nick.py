"""Keeps the nick in a global, and everybody speaks as the last who joined.

fails: 04.2 02.2
says: alice heard 'hi' from 'bob'
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
nick = ""


def handle_client(conn, addr):
    global nick
    joined = False
    buffer = bytearray()
    with conn:
        try:
            while (msg := recv_json(conn, buffer)) is not None:
                match msg:
                    case {"type": "join", "user": str(user)} if not joined and 1 <= len(user.strip()) <= 32:
                        joined = True
                        nick = user.strip()
                        send_json(conn, {"type": "system", "text": f"welcome, {nick}"})
                    case {"type": "chat", "text": str(text)} if joined:
                        send_json(conn, {"type": "chat", "user": nick, "text": text})  # <--
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
