"""Takes a second and a half before it listens."""

import socket
import threading
import time

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


if __name__ == "__main__":
    for step in "configuration", "plugins", "history":
        print("loading", step)
        time.sleep(0.5)
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle_client, args=listener.accept(), daemon=True).start()
