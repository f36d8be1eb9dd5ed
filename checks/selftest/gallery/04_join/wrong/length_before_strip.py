"""Measures the nick before it is stripped, and refuses a good one with spaces around it.

fails: 04.1
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def check_nick(user):
    if not isinstance(user, str) or not user.strip():
        return None
    if len(user) > 32:
        return None
    return user.strip()


def handle_client(conn, addr):
    nick = None
    buffer = bytearray()
    with conn:
        try:
            while (msg := recv_json(conn, buffer)) is not None:
                kind, text = msg.get("type"), msg.get("text")
                if kind == "leave":
                    break
                if kind == "join" and nick is None and check_nick(msg.get("user")):
                    nick = check_nick(msg["user"])
                    send_json(conn, {"type": "system", "text": f"{nick} is here"})
                elif kind == "chat" and nick and isinstance(text, str):
                    send_json(conn, {"type": "chat", "user": nick, "text": text})
                else:
                    send_json(conn, {"type": "system", "text": "refused"})  # <--
        except (OSError, ValueError) as e:
            print(addr, e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
