"""Does not catch the error when a client breaks off, so the server ends.

fails: 01.4
says: server.py stopped with ConnectionResetError
"""
import socket

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn):
    with conn:
        while data := conn.recv(4096):  # <--
            conn.sendall(data)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            print(addr)
            handle_client(conn)


if __name__ == "__main__":
    main()
