"""Looks up from recv() each half second, and hangs up on whom it has not heard for five minutes by the clock.

fails: 01.1
says: the server closed alice's connection
"""
import socket
import threading
import time

HOST, PORT = "127.0.0.1", 9090
PATIENCE = 300  # seconds


def serve(conn):
    conn.settimeout(0.5)
    heard = time.monotonic()
    with conn:
        while True:
            try:
                data = conn.recv(4096)
            except TimeoutError:
                if time.monotonic() - heard > PATIENCE:
                    conn.close()  # <--
                    return
                continue
            except OSError:
                return
            if not data:
                return
            heard = time.monotonic()
            try:
                conn.sendall(data)
            except OSError:
                return


with socket.create_server((HOST, PORT), backlog=128) as listener:
    try:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=serve, args=(conn,), daemon=True).start()
    except KeyboardInterrupt:
        pass
