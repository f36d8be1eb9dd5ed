"""Each client's thread answers once and hangs up.

fails: 02.1
"""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn:  # <--
        try:
            data = conn.recv(4096)
            conn.sendall(data)
        except OSError as error:
            print(f"{addr}: {error}")


with socket.create_server((HOST, PORT)) as listener:
    while True:
        conn, addr = listener.accept()
        threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()
