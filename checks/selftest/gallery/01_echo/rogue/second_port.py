"""Listens on port 9091 too, where it serves nobody, and echoes well on 9090.

fails:
"""
import socket

HOST, PORT = "127.0.0.1", 9090

admin = socket.create_server((HOST, 9091))
listener = socket.create_server((HOST, PORT))
while True:
    conn, addr = listener.accept()
    with conn:
        try:
            while data := conn.recv(4096):
                conn.sendall(data)
        except OSError as error:
            print(addr, error)
