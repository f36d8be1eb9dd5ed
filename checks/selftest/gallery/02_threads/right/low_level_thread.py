"""Starts its threads with the low-level _thread module."""
import _thread
import socket

HOST, PORT = "127.0.0.1", 9090


def on_client(conn, addr):
    try:
        while True:
            msg = conn.recv(1024)
            if not msg:
                break
            conn.sendall(msg)
    except OSError as e:
        print(addr, e)
    conn.close()


s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((HOST, PORT))
s.listen(5)
while True:
    c, addr = s.accept()
    _thread.start_new_thread(on_client, (c, addr))
