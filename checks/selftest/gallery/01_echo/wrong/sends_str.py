"""Gives sendall() a str instead of bytes, and the TypeError ends the server.

fails: 01.1
says: server.py stopped with TypeError
"""
import socket

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn:
        try:
            while data := conn.recv(4096):
                conn.sendall(str(data))  # <--
        except OSError as error:
            print(f"{addr}: {error}")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            handle_client(conn, addr)


if __name__ == "__main__":
    main()
