"""Sends each reply in pieces of a hundred bytes."""
import socket

HOST, PORT = "127.0.0.1", 9090
PIECE = 100


def handle_client(conn, addr):
    conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with conn:
        try:
            while data := conn.recv(4096):
                for start in range(0, len(data), PIECE):
                    conn.sendall(data[start:start + PIECE])
        except OSError as error:
            print(f"{addr}: {error}")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            handle_client(conn, addr)


if __name__ == "__main__":
    main()
