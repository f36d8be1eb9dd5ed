"""recv_json makes a new buffer each time it is called, and the next message's beginning is lost.

fails: 03.1 03.3 03.4
says: the server closed alice's connection
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn:  # <--
        try:
            while (obj := recv_json(conn)) is not None:
                send_json(conn, obj)
        except (OSError, ValueError) as error:
            print(addr, error)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
