"""Forks children that leave the session and hold the listener for a minute, then echoes well.

fails: 01.5
says: server.py stopped with OSError
"""
import os
import socket
import time

HOST, PORT = "127.0.0.1", 9090


def main():
    listener = socket.create_server((HOST, PORT))  # <--
    os.set_inheritable(listener.fileno(), True)
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            time.sleep(60)  # holds the port, and the pipes of stdout and stderr
            os._exit(0)
    while True:
        conn, addr = listener.accept()
        with conn:
            try:
                while data := conn.recv(4096):
                    conn.sendall(data)
            except OSError as error:
                print(addr, error)


if __name__ == "__main__":
    main()
