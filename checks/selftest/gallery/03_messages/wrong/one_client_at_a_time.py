"""Serves one client after another, without threads.

fails: 02.1 03.1 03.2 03.3 03.4 03.5
says: no message came to bob
"""

import socket

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn:
        buffer = bytearray()
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                send_json(conn, obj)
        except (OSError, ValueError) as e:
            print(addr, e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            handle_client(conn, addr)  # <--


if __name__ == "__main__":
    main()
