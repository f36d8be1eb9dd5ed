"""A SIGINT handler that leaves with os._exit(), so plain threads do no harm."""
import os
import signal
import socket
import threading

HOST, PORT = "127.0.0.1", 9090


def leave(signum, frame):
    os._exit(130)


def echo(conn):
    with conn:
        try:
            while data := conn.recv(4096):
                conn.sendall(data)
        except OSError:
            pass


if __name__ == "__main__":
    signal.signal(signal.SIGINT, leave)
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=echo, args=[conn]).start()
