"""Binds the socket but forgets to call listen(), so accept() fails.

fails: 01.1
"""
import socket

HOST, PORT = "127.0.0.1", 9090


def main():
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((HOST, PORT))
    while True:
        conn, addr = s.accept()  # <--
        with conn:
            try:
                while data := conn.recv(4096):
                    conn.sendall(data)
            except OSError as error:
                print(addr, error)


if __name__ == "__main__":
    main()
