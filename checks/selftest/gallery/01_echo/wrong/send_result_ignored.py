"""Calls send() on a socket with a timeout and does not look how much of the data it took.

fails: 01.2 01.3
"""
import socket

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    conn.settimeout(60)
    with conn:
        try:
            while data := conn.recv(1024 * 1024):
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
