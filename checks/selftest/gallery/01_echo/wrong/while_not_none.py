"""Waits for recv() to give None, which it never does.

fails: 01.3 01.4
says: the server did not close alice's connection
"""
import socket

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn):
    data = conn.recv(4096)
    while data is not None:
        conn.sendall(data)
        data = conn.recv(4096)  # <--
    conn.close()


with socket.create_server((HOST, PORT)) as listener:
    while True:
        conn, addr = listener.accept()
        try:
            handle_client(conn)
        except OSError:
            conn.close()
