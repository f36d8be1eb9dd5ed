"""Sets SO_LINGER to zero, so the connection ends with a reset instead of the end of the stream.

fails: 01.3
says: alice's connection ended with a reset, not with the end of the stream
"""
import socket
import struct

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with conn:  # <--
        try:
            while data := conn.recv(4096):
                conn.sendall(data)
        except OSError as error:
            print(f"{addr}: {error}")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            handle_client(conn, addr)


if __name__ == "__main__":
    main()
