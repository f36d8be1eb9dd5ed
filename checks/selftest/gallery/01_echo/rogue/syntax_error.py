"""Has a missing colon, so Python does not even start it.

fails: 01.1
says: server.py stopped with SyntaxError
"""
import socket

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn:
        while data := conn.recv(4096)  # <--
            conn.sendall(data)


with socket.create_server((HOST, PORT)) as listener:
    while True:
        handle_client(*listener.accept())
