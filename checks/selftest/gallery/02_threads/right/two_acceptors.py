"""Two threads accept on the same listener, and each starts a thread for its client."""
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


def accept_for_ever(listener):
    while True:
        conn, addr = listener.accept()
        threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()
        del conn


listener = socket.create_server((HOST, PORT))
threading.Thread(target=accept_for_ever, args=(listener,), daemon=True).start()
accept_for_ever(listener)
