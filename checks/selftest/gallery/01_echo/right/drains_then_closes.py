"""Reads on for a second after the end of the stream before it closes: each of these reads returns b"" at once."""

import socket
import time

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn:
        try:
            while data := conn.recv(4096):
                conn.sendall(data)
            until = time.monotonic() + 1
            while time.monotonic() < until and not conn.recv(4096):  # perhaps there is more
                pass
        except OSError as error:
            print(f"{addr}: {error}")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            handle_client(conn, addr)


if __name__ == "__main__":
    main()
