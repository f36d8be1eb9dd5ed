"""Sends the reply pretty printed, over several lines.

fails: 03.1
says: alice got a line that is not JSON
"""

import json
import socket
import threading

from utils import recv_json

HOST, PORT = "127.0.0.1", 9090


def send_pretty(sock, obj):
    text = json.dumps(obj, indent=4, ensure_ascii=False)
    sock.sendall(text.encode() + b"\n")  # <--


def handle_client(conn, addr):
    with conn:
        buffer = bytearray()
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                send_pretty(conn, obj)
        except (OSError, ValueError) as e:
            print(e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
