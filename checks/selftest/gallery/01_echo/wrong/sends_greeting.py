"""Sends a greeting of its own before the echo.

fails: 01.1
"""
import socket

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn:
        try:
            conn.sendall(b"Welcome to the echo server!\n")  # <--
            while data := conn.recv(4096):
                conn.sendall(data)
        except OSError as error:
            print(addr, error)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            handle_client(conn, addr)


main()
