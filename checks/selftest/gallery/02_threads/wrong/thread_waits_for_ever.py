"""Closes the connection well, but its thread then waits for a stop that never comes.

fails: 02.3
says: after
"""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090

stop = threading.Event()


def handle_client(conn, addr):
    with conn:
        try:
            while data := conn.recv(4096):
                conn.sendall(data)
        except OSError as error:
            print(f"{addr}: {error}")
    stop.wait()  # <--


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
