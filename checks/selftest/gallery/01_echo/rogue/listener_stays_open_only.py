"""Listens and never accepts: clients connect and nobody answers.

fails: 01.1
says: nothing came back to alice
"""
import socket
import time

HOST, PORT = "127.0.0.1", 9090

with socket.create_server((HOST, PORT)) as listener:
    print("listening")
    time.sleep(300)  # <--
