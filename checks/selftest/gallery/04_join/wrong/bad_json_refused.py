"""Treats a line that is no JSON like any other wrong message: answers it and goes on.

fails: 03.4
says: the server did not close mallory's connection
"""

import json
import socket
import threading

from utils import MAX_LINE, send_json

HOST, PORT = "127.0.0.1", 9090


def parse(line):
    try:
        return json.loads(line.decode())
    except ValueError:
        return {}


def handle_client(conn, addr):
    nick = None
    with conn, conn.makefile("rb") as lines:
        try:
            while (line := lines.readline(MAX_LINE + 1)).endswith(b"\n") and len(line) <= MAX_LINE:  # <--
                match parse(line):
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        nick = user.strip()
                        send_json(conn, {"type": "system", "text": f"welcome, {nick}"})
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        send_json(conn, {"type": "chat", "user": nick, "text": text})
                    case {"type": "leave"}:
                        break
                    case dict():
                        send_json(conn, {"type": "system", "text": "refused"})
                    case _:
                        break
        except OSError as e:
            print(addr, e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
