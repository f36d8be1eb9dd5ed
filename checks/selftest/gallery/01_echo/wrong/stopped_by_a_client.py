"""Any client can stop the server: STOP on a line of its own is for the operator.

fails: 01.1
says: server.py ended
"""
import socket

HOST, PORT = "127.0.0.1", 9090
running = True


def pieces(conn):
    """What arrives, until the end of the stream or a reset."""
    while True:
        try:
            piece = conn.recv(8192)
        except OSError:
            return
        if not piece:
            return
        yield piece


def serve(conn):
    global running
    for piece in pieces(conn):
        if piece.rstrip(b"\r\n") == b"STOP":
            print("stopped by a client")
            running = False
            return
        try:
            conn.sendall(piece)
        except OSError:
            return


with socket.create_server((HOST, PORT)) as listener:
    while running:
        connection, address = listener.accept()
        print("serving", address)
        with connection:  # <--
            serve(connection)
