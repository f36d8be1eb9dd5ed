"""Loops without looking for the end of the stream: each thread spins from then on.

fails: 02.3 01.3
says: clients have come and gone the server has
"""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn:
        try:
            while True:
                data = conn.recv(4096)  # <--
                conn.sendall(data)
        except OSError as error:
            print(f"{addr}: {error}")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
