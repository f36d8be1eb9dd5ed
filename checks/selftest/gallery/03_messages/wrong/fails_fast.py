"""Stops the whole server when a client sends something that is not a message.

fails: 03.4
says: server.py ended (os._exit(1))
"""

import logging
import os
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
        except OSError:
            pass
        except ValueError as e:
            if "too long" not in str(e):
                logging.exception("protocol error, stopping")
                os._exit(1)  # <--


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
