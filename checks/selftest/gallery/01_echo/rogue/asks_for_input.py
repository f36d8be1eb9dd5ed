"""Asks on standard input for the port before it listens.

fails: 01.1
says: server.py stopped with EOFError
"""
import socket

HOST = "127.0.0.1"
PORT = int(input("Port [9090]: ") or 9090)  # <--

with socket.create_server((HOST, PORT)) as listener:
    while True:
        conn, addr = listener.accept()
        with conn:
            try:
                while data := conn.recv(4096):
                    conn.sendall(data)
            except OSError as error:
                print(addr, error)
