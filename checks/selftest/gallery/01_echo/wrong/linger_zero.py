"""SO_LINGER with time 0, so that close() resets: the client gets no end of the stream, and perhaps not the rest.

fails: 01.3
says: alice's connection ended with a reset, not with the end of the stream
"""

import socket
import struct

HOST, PORT = "127.0.0.1", 9090


def serve(conn):
    # no connections in TIME_WAIT, so that the port is free again at once
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # <--
    while True:
        data = conn.recv(65536)
        if not data:
            return
        conn.sendall(data)


def main():
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, PORT))
        listener.listen()
        while True:
            conn, addr = listener.accept()
            try:
                serve(conn)
            except OSError as error:
                print(addr, error)
            finally:
                conn.close()


if __name__ == "__main__":
    main()
