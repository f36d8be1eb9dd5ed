"""A bad line's exception skips the close, and the list keeps the socket open.

fails: 03.4 03.3
says: the server did not close mallory's connection
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
connections = []
lock = threading.Lock()


def handle_client(conn, addr):
    buffer = bytearray()
    try:
        while (obj := recv_json(conn, buffer)) is not None:  # <--
            send_json(conn, obj)
    except OSError as e:
        print(addr, e)
    with lock:
        connections.remove(conn)
    conn.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            with lock:
                connections.append(conn)
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
