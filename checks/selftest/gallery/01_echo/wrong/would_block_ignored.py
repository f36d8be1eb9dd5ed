"""Uses a non-blocking socket and throws the data away when the send buffer is full.

fails: 01.2 01.3
says: only
"""
import select
import socket

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn):
    conn.setblocking(False)
    while True:
        select.select([conn], [], [])  # <--
        data = conn.recv(65536)
        if not data:
            break
        try:
            conn.send(data)
        except BlockingIOError:
            pass


with socket.create_server((HOST, PORT)) as listener:
    while True:
        conn, addr = listener.accept()
        try:
            handle_client(conn)
        except OSError as error:
            print(addr, error)
        conn.close()
