"""Puts the JSON of the reply together by hand, without escaping.

fails: 03.2
says: alice got a line that is not JSON
"""

import json
import socket
import threading

from utils import recv_json

HOST, PORT = "127.0.0.1", 9090


def to_line(obj):
    fields = []
    for key, value in obj.items():
        if isinstance(value, str):
            fields.append(f'"{key}": "{value}"')
        else:
            fields.append(f'"{key}": {json.dumps(value)}')
    return "{" + ", ".join(fields) + "}\n"


def handle_client(conn, addr):
    with conn:
        buffer = bytearray()
        try:
            while True:
                obj = recv_json(conn, buffer)
                if obj is None:
                    break
                conn.sendall(to_line(obj).encode("utf-8"))  # <--
        except (OSError, ValueError) as e:
            print(e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
