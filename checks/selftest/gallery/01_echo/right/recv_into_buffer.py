"""Receives into one preallocated buffer and sends slices of it."""
import socket

HOST, PORT = "127.0.0.1", 9090

buffer = bytearray(64 * 1024)
view = memoryview(buffer)


def handle_client(conn):
    while count := conn.recv_into(buffer):
        conn.sendall(view[:count])


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            with conn:
                try:
                    handle_client(conn)
                except OSError as error:
                    print(addr, error)


if __name__ == "__main__":
    main()
