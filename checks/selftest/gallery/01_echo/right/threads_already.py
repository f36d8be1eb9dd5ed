"""Gives each client a thread, which lesson 02 asks for and lesson 01 does not forbid."""
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
        threading.Thread(target=handle_client, args=listener.accept(), daemon=True).start()
