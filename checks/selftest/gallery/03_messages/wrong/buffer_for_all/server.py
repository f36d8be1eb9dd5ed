"""One global buffer serves all clients.

fails: 03.1 02.2 03.3 03.5
says: the server closed bob's connection
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn:  # <--
        try:
            while True:
                obj = recv_json(conn)
                if obj is None:
                    break
                send_json(conn, obj)
        except (OSError, ValueError) as e:
            print(addr, e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
