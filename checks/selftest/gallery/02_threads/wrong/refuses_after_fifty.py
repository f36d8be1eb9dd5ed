"""Hangs up on everybody who comes while fifty clients are there.

fails: 02.1
"""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn:
        try:
            while data := conn.recv(4096):
                conn.sendall(data)
        except OSError as error:
            print(f"{addr}: {error}")


with socket.create_server((HOST, PORT)) as listener:
    while True:
        conn, addr = listener.accept()
        if threading.active_count() > 50:
            print("too many clients")
            conn.close()  # <--
            continue
        threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()
