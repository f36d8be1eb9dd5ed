"""Sets SO_REUSEPORT besides SO_REUSEADDR, as some answers on the web say."""
import socket

HOST, PORT = "127.0.0.1", 9090


def make_listener():
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "SO_REUSEPORT"):
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((HOST, PORT))
    listener.listen(128)
    return listener


def echo(conn):
    with conn:
        try:
            while data := conn.recv(4096):
                conn.sendall(data)
        except OSError:
            pass


if __name__ == "__main__":
    sock = make_listener()
    while True:
        echo(sock.accept()[0])
