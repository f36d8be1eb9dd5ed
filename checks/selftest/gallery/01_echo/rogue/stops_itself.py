"""Stops itself with SIGSTOP before it listens, so that only SIGKILL ends it.

fails: 01.1
says: server.py has not called listen
"""
import os
import signal
import socket

HOST, PORT = "127.0.0.1", 9090

os.kill(os.getpid(), signal.SIGSTOP)

with socket.create_server((HOST, PORT)) as listener:
    while True:
        conn, addr = listener.accept()
        with conn:
            try:
                while data := conn.recv(4096):
                    conn.sendall(data)
            except OSError as error:
                print(addr, error)
