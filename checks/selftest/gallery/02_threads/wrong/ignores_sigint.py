"""Ignores SIGINT so that nobody stops the server by mistake.

fails: 02.4
says: the server still runs
"""
import signal
import socket
import threading

HOST, PORT = "127.0.0.1", 9090

signal.signal(signal.SIGINT, signal.SIG_IGN)


def handle_client(conn, addr):
    with conn:
        try:
            while data := conn.recv(4096):
                conn.sendall(data)
        except OSError as error:
            print(f"{addr}: {error}")


with socket.create_server((HOST, PORT)) as listener:
    while True:
        conn, addr = listener.accept()  # <--
        threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()
