"""Uses a name that is made nowhere before it listens.

fails: 01.1
says: server.py stopped with NameError: name 'HOSTNAME' is not defined
"""
import socket

HOST, PORT = "127.0.0.1", 9090


def main():
    with socket.create_server((HOSTNAME, PORT)) as listener:  # <--
        while True:
            conn, addr = listener.accept()
            with conn:
                while data := conn.recv(4096):
                    conn.sendall(data)


main()
