"""Hangs up on a client that is silent for half a second.

fails: 01.1
says: the server closed alice's connection
"""
import socket

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn:  # <--
        try:
            while True:
                conn.settimeout(0.5)
                data = conn.recv(4096)
                if not data:
                    break
                conn.settimeout(None)
                conn.sendall(data)
        except OSError as error:  # a TimeoutError too
            print(f"{addr}: {error}")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            handle_client(conn, addr)


if __name__ == "__main__":
    main()
