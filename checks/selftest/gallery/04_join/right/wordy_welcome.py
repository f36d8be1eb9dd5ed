"""A welcome of several system messages, the nick in quotes, and fields that nobody asked for."""

import itertools
import socket
import threading
import time

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
numbers = itertools.count(1)


def send(conn, kind, text, **more):
    send_json(conn, {"id": next(numbers), "time": time.time(), "v": [1, 0], "type": kind, "text": text, **more})


def handle_client(conn, addr):
    nick = None
    buffer = bytearray()
    with conn:
        try:
            while (msg := recv_json(conn, buffer)) is not None:
                match msg:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        nick = user.strip()
                        send(conn, "system", "*** Chat Lab ***\nbe nice", user=None)
                        send(conn, "system", f'we all greet "{nick}"!', level="info")
                        send(conn, "system", "say something")
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        send(conn, "chat", text, user=nick, color="green")
                    case {"type": "leave"}:
                        break
                    case _:
                        send(conn, "system", "sorry,", level="error")
                        send(conn, "system", "not like that", level="error")
        except (OSError, ValueError) as e:
            print(addr, e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
