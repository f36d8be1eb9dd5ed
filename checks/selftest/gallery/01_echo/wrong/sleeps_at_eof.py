"""Takes b"" for "nothing has come yet" and tries again a little later, for ever.

fails: 01.3
"""
import socket
import time

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn:
        try:
            while True:
                data = conn.recv(4096)
                if data:
                    conn.sendall(data)
                else:
                    time.sleep(0.1)  # <--
        except OSError as error:
            print(f"{addr}: {error}")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            handle_client(conn, addr)


if __name__ == "__main__":
    main()
