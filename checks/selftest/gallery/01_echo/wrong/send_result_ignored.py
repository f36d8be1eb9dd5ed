"""Calls send() on a socket with a timeout and a small buffer, and ignores how much it took.

fails: 01.2 01.1
says: alice got other bytes than were sent
"""
import socket

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    conn.settimeout(60)
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
    with conn:
        try:
            while data := conn.recv(65536):
                conn.send(data)  # <--
        except OSError as error:
            print(f"{addr}: {error}")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            handle_client(conn, addr)


if __name__ == "__main__":
    main()
