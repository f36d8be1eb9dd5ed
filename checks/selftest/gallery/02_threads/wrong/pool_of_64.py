"""Uses a thread pool of 64, so the sixty-fifth client waits, and the pool's threads stay.

fails: 02.1
says: nothing came back to client
"""
import os
import socket
from concurrent.futures import ThreadPoolExecutor

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn:
        try:
            while data := conn.recv(4096):
                conn.sendall(data)
        except OSError as error:
            print(f"{addr}: {error}")


def main():
    pool = ThreadPoolExecutor(max_workers=64)
    with socket.create_server((HOST, PORT)) as listener:
        try:
            while True:
                conn, addr = listener.accept()  # <--
                pool.submit(handle_client, conn, addr)
        except KeyboardInterrupt:
            os._exit(0)


if __name__ == "__main__":
    main()
