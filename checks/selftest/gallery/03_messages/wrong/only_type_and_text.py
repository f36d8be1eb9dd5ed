"""Sends back only the fields it knows, not the object that came.

fails: 03.2 03.1
says: alice got another message
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn:
        buffer = bytearray()
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                reply = {key: obj[key] for key in ("type", "text") if key in obj}
                send_json(conn, reply)  # <--
        except (OSError, ValueError) as e:
            print(e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
