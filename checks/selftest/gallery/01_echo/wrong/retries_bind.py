"""Has no SO_REUSEADDR and tries bind() again every second until the port is free.

fails: 01.5
"""
import socket
import time

HOST, PORT = "127.0.0.1", 9090


def main():
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    while True:
        try:
            listener.bind((HOST, PORT))
            break
        except OSError:
            print("port is busy, waiting...")
            time.sleep(1)  # <--
    listener.listen()
    while True:
        conn, addr = listener.accept()
        with conn:
            try:
                while data := conn.recv(4096):
                    conn.sendall(data)
            except OSError as error:
                print(addr, error)


main()
