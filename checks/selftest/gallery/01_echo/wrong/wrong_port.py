"""Listens on port 9000 instead of 9090.

fails: 01.1
says: server.py listens on port
"""
import socket

HOST, PORT = "127.0.0.1", 9000  # <--


def handle_client(conn, addr):
    with conn:
        try:
            while data := conn.recv(4096):
                conn.sendall(data)
        except OSError as error:
            print(f"{addr}: {error}")


def main():
    with socket.create_server((HOST, PORT)) as listener:  # <--
        while True:
            conn, addr = listener.accept()
            handle_client(conn, addr)


if __name__ == "__main__":
    main()
