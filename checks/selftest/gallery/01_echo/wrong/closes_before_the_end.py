"""Hangs up after half a megabyte of one client, with more of it unread.

fails: 01.2 01.3
says: the server closed alice's connection
"""
import socket

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn):
    left = 1 << 19
    while left > 0 and (data := conn.recv(min(left, 4096))):
        conn.sendall(data)
        left -= len(data)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            try:
                handle_client(conn)
            except OSError as error:
                print(f"{addr}: {error}")
            conn.close()  # <--


if __name__ == "__main__":
    main()
