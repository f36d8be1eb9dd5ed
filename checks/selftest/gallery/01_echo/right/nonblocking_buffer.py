"""Reads and writes without blocking through a buffer, and empties it before it closes."""
import select
import socket

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn):
    conn.setblocking(False)
    out, ended = bytearray(), False
    while out or not ended:
        want_read = [] if ended or len(out) > 1 << 20 else [conn]
        readable, writable, _ = select.select(want_read, [conn] if out else [], [])
        if readable:
            data = conn.recv(65536)
            out += data
            ended = not data
        if writable:
            del out[:conn.send(out)]


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
