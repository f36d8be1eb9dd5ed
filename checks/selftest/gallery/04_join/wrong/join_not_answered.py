"""Takes the nick and says nothing; the server only prints who has come.

fails: 04.1
says: no system message with 'alice' in it came to alice
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def is_nick(value):
    return isinstance(value, str) and 1 <= len(value.strip()) <= 32


def handle_client(conn, addr):
    nick = None
    buffer = bytearray()
    with conn:
        try:
            while (msg := recv_json(conn, buffer)) is not None:  # <--
                kind = msg.get("type")
                if kind == "join" and nick is None and is_nick(msg.get("user")):
                    nick = msg["user"].strip()
                    print(nick, "has joined")
                elif kind == "chat" and nick and isinstance(msg.get("text"), str):
                    send_json(conn, {"type": "chat", "user": nick, "text": msg["text"]})
                elif kind == "leave":
                    break
                else:
                    send_json(conn, {"type": "system", "text": "I did not understand"})
        except (OSError, ValueError) as e:
            print(addr, e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
