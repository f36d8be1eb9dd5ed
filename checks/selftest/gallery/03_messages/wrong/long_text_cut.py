"""Cuts a long text to what it thinks is reasonable.

fails: 03.3 01.2
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
MAX_TEXT = 10_000


def handle_client(conn, addr):
    with conn:
        buffer = bytearray()
        try:
            while True:
                obj = recv_json(conn, buffer)
                if obj is None:
                    break
                if isinstance(obj.get("text"), str):
                    obj["text"] = obj["text"][:MAX_TEXT]
                send_json(conn, obj)  # <--
        except (OSError, ValueError) as e:
            print(e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
