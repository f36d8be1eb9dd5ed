"""Takes a recv() that gives less than it asked for as the end of the stream.

fails: 01.1 01.2 01.3
"""
import socket

HOST, PORT = "127.0.0.1", 9090
SIZE = 4096


def handle_client(conn, addr):
    with conn:  # <--
        try:
            while True:
                data = conn.recv(SIZE)
                conn.sendall(data)
                if len(data) < SIZE:
                    break
        except OSError as error:
            print(f"{addr}: {error}")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            handle_client(conn, addr)


if __name__ == "__main__":
    main()
