"""Forgets close(), so the connection stays open until the next client takes its variable.

fails: 01.3
says: the server did not close alice's connection
"""
import socket

HOST, PORT = "127.0.0.1", 9090

listener = socket.create_server((HOST, PORT))
while True:
    conn, addr = listener.accept()  # <--
    print("hello", addr)
    try:
        while True:
            data = conn.recv(4096)
            if not data:
                break
            conn.sendall(data)
    except OSError as error:
        print(error)
    print("bye", addr)
