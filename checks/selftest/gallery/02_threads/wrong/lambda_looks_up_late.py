"""Starts the thread with a lambda, which looks up conn only when the thread has begun.

fails: 02.2
says: the server closed alice's connection
"""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn:
        try:
            while data := conn.recv(4096):
                conn.sendall(data)
        except OSError as error:
            print(f"{addr}: {error}")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()  # <--
            threading.Thread(target=lambda: handle_client(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
