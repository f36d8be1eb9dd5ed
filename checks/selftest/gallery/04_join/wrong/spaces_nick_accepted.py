"""Looks whether the nick is empty before stripping it; a nick of spaces is let in.

fails: 04.4
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
                kind = msg.get("type")
                user, text = msg.get("user"), msg.get("text")
                if kind == "leave":
                    break
                elif kind == "join" and nick is None and isinstance(user, str) \
                        and user and len(user.strip()) <= 32:
                    nick = user.strip()
                    send_json(conn, {"type": "system", "text": f"welcome, {nick}!"})
                elif kind == "chat" and nick is not None and isinstance(text, str):
                    send_json(conn, {"type": "chat", "user": nick, "text": text})  # <--
                else:
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
