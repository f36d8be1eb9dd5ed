"""Leaves with sys.exit() before anything is defined.

fails: 01.1
says: server.py ended by itself
"""
import socket
import sys

HOST, PORT = "127.0.0.1", 9090

if len(sys.argv) < 2:
    sys.exit("usage: server.py PORT")  # <--

with socket.create_server((HOST, int(sys.argv[1]))) as listener:
    while True:
        conn, _ = listener.accept()
        with conn:
            while data := conn.recv(4096):
                conn.sendall(data)
