"""Leaves at once with os._exit(0), without a word.

fails: 01.1
says: server.py ended by itself
"""
import os
import socket

HOST, PORT = "127.0.0.1", 9090

os._exit(0)  # <--

with socket.create_server((HOST, PORT)) as listener:
    listener.accept()
