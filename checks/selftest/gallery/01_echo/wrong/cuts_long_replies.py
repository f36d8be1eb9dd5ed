"""Sends back no more than the first 1024 bytes of each piece it receives.

fails: 01.2 01.1 01.3
says: alice got other bytes than were sent
"""
import socket

HOST, PORT = "127.0.0.1", 9090
BUFFER_SIZE = 1024


def handle_client(conn, addr):
    with conn:
        try:
            while data := conn.recv(BUFFER_SIZE * 64):  # <--
                conn.sendall(data[:BUFFER_SIZE])
        except OSError as error:
            print(f"{addr}: {error}")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            handle_client(conn, addr)


if __name__ == "__main__":
    main()
