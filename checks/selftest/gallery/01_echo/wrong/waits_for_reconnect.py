"""After a reset waits for the same client to come back instead of serving the next one.

fails: 01.4
"""
import socket
import time

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn:
        while True:
            try:
                data = conn.recv(4096)
                if not data:
                    return
                conn.sendall(data)
            except ConnectionError:
                print(f"{addr} lost, waiting until it is back")
                while conn.fileno() != -1:
                    time.sleep(1)  # <--


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            handle_client(conn, addr)


if __name__ == "__main__":
    main()
