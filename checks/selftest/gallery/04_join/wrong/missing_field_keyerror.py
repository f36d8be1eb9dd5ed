"""Takes the fields with [], and a missing one ends the thread with a KeyError.

fails: 04.4
says: the server closed alice's connection
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
                if kind == "join" and nick is None:
                    user = msg["user"]  # <--
                    if isinstance(user, str) and 1 <= len(user.strip()) <= 32:
                        nick = user.strip()
                        answer = {"type": "system", "text": f"welcome, {nick}"}
                    else:
                        answer = {"type": "system", "text": "choose another nick"}
                elif kind == "chat" and nick is not None:
                    text = msg["text"]  # <--
                    if isinstance(text, str):
                        answer = {"type": "chat", "user": nick, "text": text}
                    else:
                        answer = {"type": "system", "text": "text must be a string"}
                elif kind == "leave":
                    break
                else:
                    answer = {"type": "system", "text": "refused"}
                send_json(conn, answer)
        except (OSError, ValueError) as e:
            print(addr, e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
