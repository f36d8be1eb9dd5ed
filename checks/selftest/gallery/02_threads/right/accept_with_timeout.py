"""Wakes up from accept() five times a second to look at an event that SIGINT sets."""
import signal
import socket
import threading

HOST, PORT = "127.0.0.1", 9090

stop = threading.Event()
signal.signal(signal.SIGINT, lambda signum, frame: stop.set())


def handle_client(conn, addr):
    with conn:
        try:
            while data := conn.recv(4096):
                conn.sendall(data)
        except OSError as error:
            print(f"{addr}: {error}")


with socket.create_server((HOST, PORT)) as listener:
    listener.settimeout(0.2)
    while not stop.is_set():
        try:
            conn, addr = listener.accept()
        except TimeoutError:
            continue
        conn.settimeout(None)
        threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()
print("stopped")
