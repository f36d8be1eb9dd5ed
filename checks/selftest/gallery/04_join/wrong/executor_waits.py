"""A pool of threads, which Python waits for at the end, so that Ctrl-C does not stop the server.

fails: 02.4
says: the server still runs
"""

import socket
from concurrent.futures import ThreadPoolExecutor

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
                        send_json(conn, {"type": "chat", "user": nick, "text": text})
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, {"type": "system", "text": "refused"})
        except (OSError, ValueError) as e:
            print(addr, e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        with ThreadPoolExecutor(max_workers=1000) as pool:  # <--
            while True:
                pool.submit(handle_client, *listener.accept())


if __name__ == "__main__":
    main()
