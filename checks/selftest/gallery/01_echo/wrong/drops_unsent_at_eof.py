"""Keeps what it could not send yet in a buffer, and forgets the buffer at the end of the stream.

fails: 01.3
"""
import select
import socket

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn):
    conn.setblocking(False)
    out = b""
    while True:
        readable, writable, _ = select.select([conn], [conn] if out else [], [])
        if readable:
            data = conn.recv(4096)
            if not data:
                return
            out += data
        if writable:
            out = out[conn.send(out):]


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            with conn:  # <--
                try:
                    handle_client(conn)
                except OSError as error:
                    print(addr, error)


if __name__ == "__main__":
    main()
