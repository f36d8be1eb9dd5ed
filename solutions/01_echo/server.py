"""Lesson 01: an echo server, one client after another."""

import socket

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    """Send back what the client sends until it stops sending, then close."""
    with conn:  # closes the connection, whatever happens inside
        try:
            while data := conn.recv(4096):  # b"" is the end of the stream
                conn.sendall(data)  # send() alone may take only a part
        except OSError as error:  # this client broke off; the next one waits
            print(f"{addr}: {error}")


def main():
    """Listen, and serve one client after another."""
    with socket.create_server((HOST, PORT)) as listener:
        print(f"listening on {HOST}:{PORT}")
        while True:
            conn, addr = listener.accept()
            handle_client(conn, addr)


if __name__ == "__main__":
    main()
