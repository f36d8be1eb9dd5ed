"""A line that is too long is cut at the limit, and what fits is served.

fails: 03.3
says: mallory got
"""

import json
import socket
import threading

HOST, PORT = "127.0.0.1", 9090
LIMIT = 65536


def lines(conn):
    rest = b""
    while True:
        chunk = conn.recv(4096)
        if not chunk:
            return
        *complete, rest = (rest + chunk).split(b"\n")
        rest = rest[:LIMIT]
        for line in complete:
            yield line[:LIMIT - 1]


def handle_client(conn, addr):
    with conn:
        try:
            for line in lines(conn):
                obj = json.loads(line.decode())
                if not isinstance(obj, dict):
                    return
                conn.sendall(json.dumps(obj).encode() + b"\n")  # <--
        except (OSError, ValueError) as e:
            print(addr, e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
