"""Wakes up from accept() five times a second to look at a stop event."""
import signal
import socket
import threading

HOST, PORT = "127.0.0.1", 9090

stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())


def handle_client(conn, addr):
    conn.settimeout(0.2)
    with conn:
        while not stop.is_set():
            try:
                data = conn.recv(4096)
            except TimeoutError:
                continue
            if not data:
                break
            conn.settimeout(None)
            conn.sendall(data)
            conn.settimeout(0.2)


with socket.create_server((HOST, PORT)) as listener:
    listener.settimeout(0.2)
    while not stop.is_set():
        try:
            conn, addr = listener.accept()
        except TimeoutError:
            continue
        try:
            handle_client(conn, addr)
        except OSError as error:
            print(addr, error)
