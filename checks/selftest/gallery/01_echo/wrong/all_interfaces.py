"""Listens on every interface of the machine, not on 127.0.0.1 alone.

fails: 01.1
says: server.py listens on '
"""
import socket

HOST, PORT = "0.0.0.0", 9090  # <--


def handle_client(conn, addr):
    with conn:
        try:
            while data := conn.recv(4096):
                conn.sendall(data)
        except OSError as error:
            print(f"{addr}: {error}")


def main():
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((HOST, PORT))  # <--
    s.listen()
    while True:
        conn, addr = s.accept()
        handle_client(conn, addr)


if __name__ == "__main__":
    main()
