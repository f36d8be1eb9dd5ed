"""Keeps the received bytes in a global variable that all threads share.

fails: 02.2
says: got other bytes than were sent
"""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090

data = b""


def handle_client(conn, addr):
    global data
    with conn:
        try:
            while True:
                received = conn.recv(4096)
                if not received:
                    break
                data = received  # <--
                print(f"{addr}: {len(data)} bytes", flush=True)
                conn.sendall(data)  # <--
        except OSError as error:
            print(f"{addr}: {error}")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
