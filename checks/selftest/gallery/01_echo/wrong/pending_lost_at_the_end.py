"""Closes at the end of the stream, though bytes wait for room still.

fails: 01.3
says: the server closed alice's connection
"""
import select
import socket
HOST, PORT = "127.0.0.1", 9090
LIMIT = 1 << 16


def pump(conn):
    conn.setblocking(False)
    pending, eof = bytearray(), False
    while not eof:
        want_r = [conn] if not eof and len(pending) < LIMIT else []
        want_w = [conn] if pending else []
        r, w, _ = select.select(want_r, want_w, [])
        if r:
            data = conn.recv(4096)
            if data:
                pending += data
            else:
                eof = True
        if w:
            del pending[:conn.send(pending)]


def main():
    with socket.create_server((HOST, PORT)) as s:
        while True:
            conn, _ = s.accept()
            with conn:  # <--
                try:
                    pump(conn)
                except OSError:
                    continue


if __name__ == "__main__":
    main()
