"""Imports a module of the author's own that was not handed in with server.py.

fails: 01.1
says: server.py stopped with ModuleNotFoundError
"""
import socket

from echo_tools import handle_client  # <--

HOST, PORT = "127.0.0.1", 9090

with socket.create_server((HOST, PORT)) as listener:
    while True:
        conn, addr = listener.accept()
        handle_client(conn, addr)
