"""Reads by lines, so bytes without a newline wait until the client has finished.

fails: 01.1 01.2 01.3 01.4 01.5
says: nothing came back to alice
"""
import socket

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn):
    with conn, conn.makefile("rb") as lines:
        try:
            for line in lines:  # <--
                conn.sendall(line)
        except OSError as error:
            print("client:", error)


if __name__ == "__main__":
    listener = socket.create_server((HOST, PORT))
    while True:
        connection, _ = listener.accept()
        handle_client(connection)
