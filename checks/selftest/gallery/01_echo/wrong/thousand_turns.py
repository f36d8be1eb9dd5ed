"""Serves a client for at most a thousand pieces, lest it stay for ever.

fails: 01.1
says: the server closed alice's connection
"""

import socket

HOST, PORT = "127.0.0.1", 9090
MOST = 1000


def handle_client(conn, addr):
    with conn:  # <--
        try:
            for _ in range(MOST):
                data = conn.recv(65536)
                if not data:
                    break
                conn.sendall(data)
        except OSError as error:
            print(f"{addr}: {error}")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            handle_client(*listener.accept())


if __name__ == "__main__":
    main()
