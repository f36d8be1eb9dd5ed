"""The sockets tutorial with the !DISCONNECT message, made into an echo server.

fails: 01.1
says: the server closed alice's connection
"""
import socket

SERVER = "127.0.0.1"
PORT = 9090
ADDR = (SERVER, PORT)
SIZE = 4096
DISCONNECT_MESSAGE = b"!DISCONNECT"

server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(ADDR)


def handle_client(conn, addr):
    print(f"[NEW CONNECTION] {addr} connected.")
    connected = True
    try:
        while connected:
            msg = conn.recv(SIZE)
            if not msg:
                connected = False
            elif msg.strip() == DISCONNECT_MESSAGE:
                connected = False
            else:
                print(f"[{addr}] {len(msg)} bytes")
                conn.sendall(msg)
    except OSError as e:
        print(f"[ERROR] {addr}: {e}")
    conn.close()  # <--
    print(f"[CLOSED] {addr}")


def start():
    server.listen()
    print(f"[LISTENING] Server is listening on {SERVER}")
    while True:
        conn, addr = server.accept()
        handle_client(conn, addr)


if __name__ == "__main__":
    print("[STARTING] server is starting...")
    start()
