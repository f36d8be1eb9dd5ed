"""Strips white space from both ends of what came before sending it back.

fails: 01.1
"""
import socket

HOST, PORT = "127.0.0.1", 9090


def serve(conn):
    while True:
        data = conn.recv(4096)  # <--
        if not data:
            return
        message = data.strip()
        conn.sendall(message)


listener = socket.create_server((HOST, PORT))
while True:
    conn, addr = listener.accept()
    try:
        serve(conn)
    except OSError:
        pass
    conn.close()
