"""Closes the connection of a client that does not begin with a join.

fails: 04.4
says: the server closed alice's connection
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def system(text):
    return {"type": "system", "text": text}


def handle_client(conn, addr):
    with conn:  # <--
        buffer = bytearray()
        try:
            hello = recv_json(conn, buffer)
            if hello is None:
                return
            user = hello.get("user")
            if hello.get("type") != "join" or not isinstance(user, str) or not 1 <= len(user.strip()) <= 32:
                send_json(conn, system("join first"))
                return
            nick = user.strip()
            send_json(conn, system(f"welcome, {nick}"))
            while (msg := recv_json(conn, buffer)) is not None:
                match msg:
                    case {"type": "chat", "text": str(text)}:
                        send_json(conn, {"type": "chat", "user": nick, "text": text})
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, system("refused"))
        except (OSError, ValueError) as e:
            print(addr, e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
