"""On Ctrl-C gives its clients a countdown of five seconds before it stops.

fails: 02.4
"""
import socket
import threading
import time

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn:
        try:
            while data := conn.recv(4096):
                conn.sendall(data)
        except OSError as error:
            print(f"{addr}: {error}")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        try:
            while True:
                conn, addr = listener.accept()
                threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()
        except KeyboardInterrupt:
            for seconds in range(5, 0, -1):
                print("stopping in", seconds)
                time.sleep(1)  # <--


if __name__ == "__main__":
    main()
