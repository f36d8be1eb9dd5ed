"""Prints 200 MB from a thread while it echoes well.

fails:
"""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090


def flood():
    for _ in range(20_000):
        print("x" * 10_000)


threading.Thread(target=flood, daemon=True).start()
with socket.create_server((HOST, PORT)) as listener:
    while True:
        conn, addr = listener.accept()
        with conn:
            try:
                while data := conn.recv(4096):
                    conn.sendall(data)
            except OSError:
                pass
