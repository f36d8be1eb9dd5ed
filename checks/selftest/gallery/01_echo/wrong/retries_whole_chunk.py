"""When send() takes only a part, sends the whole chunk again from its beginning.

fails: 01.2 01.1 01.3
says: the server stopped reading
"""
import socket

HOST, PORT = "127.0.0.1", 9090


def send_all(conn, data):
    while True:
        sent = conn.send(data)  # <--
        if sent == len(data):
            return


def handle_client(conn, addr):
    conn.settimeout(60)
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
    with conn:
        try:
            while data := conn.recv(65536):
                send_all(conn, data)
        except OSError as error:
            print(f"{addr}: {error}")


with socket.create_server((HOST, PORT)) as listener:
    while True:
        handle_client(*listener.accept())
