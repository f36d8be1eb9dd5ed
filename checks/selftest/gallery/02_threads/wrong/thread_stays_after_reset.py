"""After a reset the thread waits for the client to come back, and never ends.

fails: 02.3
says: after
"""
import socket
import threading
import time

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn:
        while True:
            try:
                data = conn.recv(4096)
                if not data:
                    return
                conn.sendall(data)
            except OSError:
                print(addr, "is away")
                while True:
                    time.sleep(1)  # <--


with socket.create_server((HOST, PORT)) as listener:
    while True:
        conn, addr = listener.accept()
        threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()
