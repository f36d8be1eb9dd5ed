"""The SIGINT handler only sets a flag, and accept() goes on waiting for another client.

fails: 02.4
says: the server still runs
"""
import signal
import socket
import threading

HOST, PORT = "127.0.0.1", 9090

running = True


def on_sigint(signum, frame):
    global running
    running = False


def handle_client(conn, addr):
    with conn:
        try:
            while data := conn.recv(4096):
                conn.sendall(data)
        except OSError as error:
            print(f"{addr}: {error}")


def main():
    signal.signal(signal.SIGINT, on_sigint)
    with socket.create_server((HOST, PORT)) as listener:
        while running:
            conn, addr = listener.accept()  # <--
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
