"""A professional's version: logging, argparse with defaults, types and a context manager."""
import argparse
import contextlib
import logging
import socket
from collections.abc import Iterator

log = logging.getLogger("echo")


def chunks(conn: socket.socket, size: int = 65_536) -> Iterator[bytes]:
    while chunk := conn.recv(size):
        yield chunk


def serve_client(conn: socket.socket) -> int:
    total = 0
    with contextlib.closing(conn):
        for chunk in chunks(conn):
            conn.sendall(chunk)
            total += len(chunk)
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description="echo server")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9090)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    with socket.create_server((args.host, args.port)) as listener:
        while True:
            conn, addr = listener.accept()
            try:
                log.info("%s: %d bytes", addr, serve_client(conn))
            except OSError:
                log.exception("%s broke off", addr)


if __name__ == "__main__":
    main()
