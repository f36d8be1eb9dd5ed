"""Sendall on a non-blocking socket; when it is full, an unknown part is sent and the rest is dropped.

fails: 01.2 01.3
says: bytes came back to alice
"""

import select
import socket

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn):
    conn.setblocking(False)
    while True:
        select.select([conn], [], [])  # <--
        try:
            data = conn.recv(65536)
        except BlockingIOError:
            continue
        if not data:
            break
        try:
            conn.sendall(data)
        except BlockingIOError:
            select.select([], [conn], [])  # full: wait until there is room again


def main():
    with socket.create_server((HOST, PORT)) as listener:
        print("listening on", HOST, PORT)
        while True:
            conn, addr = listener.accept()
            with conn:
                try:
                    handle_client(conn)
                except ConnectionError as error:
                    print(addr, error)


if __name__ == "__main__":
    main()
