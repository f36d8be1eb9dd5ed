"""Closes the connection after the third thing it refused.

fails: 04.4
says: the server closed alice's connection
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
MAX_STRIKES = 3


def handle_client(conn, addr):
    nick = None
    strikes = 0
    buffer = bytearray()
    with conn:  # <--
        try:
            while strikes < MAX_STRIKES:
                msg = recv_json(conn, buffer)
                match msg:
                    case None | {"type": "leave"}:
                        break
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        nick = user.strip()
                        send_json(conn, {"type": "system", "text": f"welcome, {nick}"})
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        send_json(conn, {"type": "chat", "user": nick, "text": text})
                    case _:
                        strikes += 1
                        send_json(conn, {"type": "system", "text": f"strike {strikes}"})
        except (OSError, ValueError) as e:
            print(addr, e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
