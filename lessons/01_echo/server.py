"""Lesson 01: an echo server, one client after another."""

import socket

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    """Send back what the client sends until it stops sending, then close."""
    # TODO 1: send back all that comes until the client stops sending.
    # TODO 2: close the connection, also when the client breaks off.


def main():
    """Listen, and serve one client after another."""
    with socket.create_server((HOST, PORT)) as listener:
        print(f"listening on {HOST}:{PORT}")
        while True:
            conn, addr = listener.accept()
            handle_client(conn, addr)


if __name__ == "__main__":
    main()
