"""Accepts in a thread of its own, while the main thread sleeps and waits for Ctrl-C."""
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


def accept_loop(listener):
    while True:
        threading.Thread(target=handle_client, args=listener.accept(), daemon=True).start()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        threading.Thread(target=accept_loop, args=(listener,), daemon=True).start()
        try:
            while True:
                time.sleep(0.5)
        except KeyboardInterrupt:
            print("stopped")


if __name__ == "__main__":
    main()
