"""Binds without SO_REUSEADDR, so that a restart finds the address in use.

fails: 01.5
says: server.py stopped with OSError
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
                send_json(conn, obj)
        except (OSError, ValueError) as e:
            print(addr, e)


def main():
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind((HOST, PORT))  # <--
    listener.listen(100)
    while True:
        conn, addr = listener.accept()
        threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
