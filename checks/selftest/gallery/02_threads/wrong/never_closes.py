"""Adds every connection to a list and never closes it.

fails: 02.3 01.3
says: after
"""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090

connections = []

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind((HOST, PORT))
server.listen(100)


def client_thread(c):
    try:
        while True:
            d = c.recv(4096)  # <--
            if not d:
                break
            c.sendall(d)
    except OSError:
        pass


while True:
    c, a = server.accept()
    connections.append(c)
    threading.Thread(target=client_thread, args=(c,), daemon=True).start()
