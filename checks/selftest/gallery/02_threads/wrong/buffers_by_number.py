"""Takes a buffer out of a fixed stock by the socket's number: two clients whose numbers are 64 apart share one.

fails: 02.2
says: client
"""

import socket
import threading

HOST, PORT = "127.0.0.1", 9090
STOCK = [bytearray(16_384) for _ in range(64)]


def buffer_for(conn):
    return memoryview(STOCK[conn.fileno() % len(STOCK)])


def serve(conn, addr):
    with conn:
        view = buffer_for(conn)
        try:
            while n := conn.recv_into(view):
                conn.sendall(view[:n])  # <--
        except OSError as error:
            print(addr, error)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=serve, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
