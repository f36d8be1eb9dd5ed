"""Collects until a recv is shorter than the buffer, and only then sends; a message of 4096 bytes waits for ever.

fails: 01.1
says: nothing came back to alice
"""

import socket

HOST, PORT = "127.0.0.1", 9090
BUFSIZE = 4096


def recv_message(conn):
    """Everything that the client has sent, or b"" at the end."""
    parts = []
    while True:
        part = conn.recv(BUFSIZE)  # <--
        parts.append(part)
        if len(part) < BUFSIZE:
            return b"".join(parts)


def handle_client(conn, addr):
    with conn:
        try:
            while message := recv_message(conn):
                conn.sendall(message)
        except OSError as error:
            print(addr, error)


def main():
    listener = socket.create_server((HOST, PORT))
    print("listening")
    with listener:
        while True:
            conn, addr = listener.accept()
            handle_client(conn, addr)


if __name__ == "__main__":
    main()
