"""Listens on the same port a second time, and the OSError ends it.

fails: 01.1
says: server.py stopped with OSError
"""
import socket

HOST, PORT = "127.0.0.1", 9090

listener = socket.create_server((HOST, PORT))
spare = socket.create_server((HOST, PORT))  # <--
while True:
    conn, addr = listener.accept()
    with conn:
        try:
            while data := conn.recv(4096):
                conn.sendall(data)
        except OSError as error:
            print(addr, error)
