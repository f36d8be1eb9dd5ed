"""A recv shorter than asked for is taken as the end of what the client has to say.

fails: 03.1 01.2 03.3
says: the server closed alice's connection
"""

import json
import socket
import threading

HOST, PORT = "127.0.0.1", 9090
SIZE = 4096
LIMIT = 65536


def read_all(conn):
    data = b""
    while True:
        part = conn.recv(SIZE)
        data += part
        if len(part) < SIZE:
            return data
        if b"\n" not in data and len(data) >= LIMIT:
            raise ValueError("line too long")


def handle_client(conn, addr):
    with conn:  # <--
        try:
            while data := read_all(conn):
                for line in data.split(b"\n")[:-1]:
                    if len(line) >= LIMIT:
                        raise ValueError("line too long")
                    obj = json.loads(line.decode())
                    if not isinstance(obj, dict):
                        raise ValueError("not an object")
                    conn.sendall(json.dumps(obj).encode() + b"\n")
        except (OSError, ValueError) as e:
            print("client", addr, "dropped:", e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
