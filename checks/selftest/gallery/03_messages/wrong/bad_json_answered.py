"""Answers a bad line with an error and keeps the connection open.

fails: 03.4
says: the server did not close mallory's connection
"""

import json
import socket
import threading

from utils import MAX_LINE, send_json

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn, conn.makefile("rb") as reader:
        try:
            while True:
                line = reader.readline(MAX_LINE + 1)  # <--
                if not line.endswith(b"\n") or len(line) > MAX_LINE:
                    break
                try:
                    obj = json.loads(line.decode())
                    if not isinstance(obj, dict):
                        raise ValueError("not an object")
                except ValueError as e:
                    send_json(conn, {"type": "system", "text": f"bad message: {e}"})
                    continue
                send_json(conn, obj)
        except OSError as e:
            print(addr, e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
