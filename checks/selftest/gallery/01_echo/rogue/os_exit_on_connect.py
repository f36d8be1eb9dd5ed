"""Leaves with os._exit(0) as soon as a client connects.

fails: 01.1
says: server.py ended (os._exit(0))
"""
import os
import socket

HOST, PORT = "127.0.0.1", 9090

with socket.create_server((HOST, PORT)) as listener:
    conn, addr = listener.accept()
    os._exit(0)  # <--
