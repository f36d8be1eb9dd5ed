"""A thread pool of 200, all its threads started beforehand, that Ctrl-C does not wait for."""
import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

HOST, PORT = "127.0.0.1", 9090
SIZE = 200


def handle_client(conn, addr):
    with conn:
        try:
            while data := conn.recv(4096):
                conn.sendall(data)
        except OSError as error:
            print(f"{addr}: {error}")


def main():
    pool = ThreadPoolExecutor(max_workers=SIZE)
    ready = threading.Barrier(SIZE + 1)
    for _ in range(SIZE):
        pool.submit(ready.wait)
    ready.wait()
    with socket.create_server((HOST, PORT)) as listener:
        try:
            while True:
                pool.submit(handle_client, *listener.accept())
        except KeyboardInterrupt:
            print("stopped", flush=True)
            os._exit(0)


if __name__ == "__main__":
    main()
