"""Holds one lock for as long as a client is connected, so the threads take turns.

fails: 02.1
says: nothing came back to bob
"""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090

lock = threading.Lock()


def handle_client(conn, addr):
    with lock, conn:  # <--
        try:
            while data := conn.recv(4096):
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
