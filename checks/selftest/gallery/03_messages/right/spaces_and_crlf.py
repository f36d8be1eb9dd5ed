"""White space between everything, and lines that end with a carriage return before the newline."""

import json
import socket
import threading

from utils import recv_json

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn:
        buffer = bytearray()
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                line = "  " + json.dumps(obj, separators=(" , ", "\t: ")) + " \r\n"
                conn.sendall(line.encode("utf-8"))
        except (OSError, ValueError) as e:
            print(addr, e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
