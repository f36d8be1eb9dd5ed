"""Lesson 02: an echo server for many clients at once, a thread for each."""

import socket
import threading

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    """Send back what the client sends until it stops sending, then close."""
    with conn:  # closes the connection, whatever happens inside
        try:
            while data := conn.recv(4096):  # b"" is the end of the stream
                conn.sendall(data)  # send() alone may take only a part
        except OSError as error:  # this client broke off; the others go on
            print(f"{addr}: {error}")


def main():
    """Listen, and give each client a thread of its own."""
    with socket.create_server((HOST, PORT)) as listener:
        print(f"listening on {HOST}:{PORT}")
        while True:
            conn, addr = listener.accept()
            # TODO 1: serve this client in a thread of its own.
            # TODO 2: let Ctrl-C end the server while clients are connected.
            handle_client(conn, addr)


if __name__ == "__main__":
    main()
