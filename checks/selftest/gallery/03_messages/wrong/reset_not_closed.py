"""A reset ends the thread, but the socket stays open in the set of clients.

fails: 02.3
says: after
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
clients = set()


def handle_client(conn, addr):
    clients.add(conn)
    buffer = bytearray()
    try:
        while (obj := recv_json(conn, buffer)) is not None:  # <--
            send_json(conn, obj)
    except ConnectionError:
        print("lost", addr)
        return
    except ValueError as e:
        print(addr, e)
    conn.close()
    clients.discard(conn)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
