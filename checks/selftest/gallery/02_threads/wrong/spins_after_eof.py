"""The thread never ends: after the end of the stream it receives b"" for ever.

fails: 02.3 01.3
says: after
"""
import socket
import threading
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
                    time.sleep(0.05)  # <--
        except OSError as error:
            print(f"{addr}: {error}")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
