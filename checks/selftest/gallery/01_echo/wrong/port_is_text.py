"""Writes the port as text, as one reads it from a command line: bind() takes a number alone.

fails: 01.1
says: TypeError: 'str' object cannot be interpreted as an integer
"""

import socket

HOST, PORT = "127.0.0.1", "9090"


def main():
    with socket.create_server((HOST, PORT)) as listener:  # <--
        while True:
            conn, addr = listener.accept()
            with conn:
                while data := conn.recv(4096):
                    conn.sendall(data)


if __name__ == "__main__":
    main()
