"""Lets no more than 64 clients in at a time, and keeps the others waiting.

fails: 02.1
"""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090

places = threading.Semaphore(64)


def handle_client(conn, addr):
    with conn:
        try:
            while data := conn.recv(4096):
                conn.sendall(data)
        except OSError as error:
            print(f"{addr}: {error}")
    places.release()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            places.acquire()  # <--
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
