"""Closes its standard output and error, and echoes well.

fails:
"""
import os
import socket

HOST, PORT = "127.0.0.1", 9090

os.close(1)
os.close(2)

with socket.create_server((HOST, PORT)) as listener:
    while True:
        conn, addr = listener.accept()
        with conn:
            try:
                while data := conn.recv(4096):
                    conn.sendall(data)
            except OSError:
                pass
