"""Closes every descriptor from 3 to 255 at the start, and echoes well.

fails:
"""
import os
import socket

HOST, PORT = "127.0.0.1", 9090

os.closerange(3, 256)

with socket.create_server((HOST, PORT)) as listener:
    while True:
        conn, addr = listener.accept()
        with conn:
            try:
                while data := conn.recv(4096):
                    conn.sendall(data)
            except OSError as error:
                print(addr, error)
