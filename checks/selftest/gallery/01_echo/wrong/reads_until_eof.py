"""Collects everything until the end of the stream and only then sends it back.

fails: 01.1
says: nothing came back to alice
"""
import socket

HOST, PORT = "127.0.0.1", 9090


def recv_all(conn):
    chunks = []
    while True:
        chunk = conn.recv(65536)  # <--
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            with conn:
                try:
                    conn.sendall(recv_all(conn))
                except OSError as error:
                    print(addr, error)


if __name__ == "__main__":
    main()
