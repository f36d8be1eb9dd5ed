"""Serves at most fifty clients at a time; the others wait.

fails: 02.1
says: no message came to client
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
slots = threading.BoundedSemaphore(50)


def handle_client(conn, addr):
    try:
        with conn:
            buffer = bytearray()
            while (obj := recv_json(conn, buffer)) is not None:
                send_json(conn, obj)
    except (OSError, ValueError) as e:
        print(addr, e)
    finally:
        slots.release()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            slots.acquire()  # <--
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
