"""Lets a reset end the client's thread with a traceback, which hurts nobody else."""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn):
    with conn:
        for data in iter(lambda: conn.recv(4096), b""):
            conn.sendall(data)


def main():
    with socket.create_server((HOST, PORT), backlog=1) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()


main()
