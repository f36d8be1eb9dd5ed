"""Prints a lot about everything, more than a pipe that nobody reads can hold."""

import socket
import sys
import threading
import time

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def log(*args):
    print(time.strftime("%H:%M:%S"), threading.current_thread().name, *args, flush=True)
    print("." * 2000, file=sys.stderr)


def handle_client(conn, addr):
    log("hello", addr)
    with conn:
        buffer = bytearray()
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                log("got ", ascii(obj))
                send_json(conn, obj)
                log("sent", ascii(obj))
        except (OSError, ValueError) as e:
            log("error", e)
    log("bye", addr)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        log("listening")
        while True:
            conn, addr = listener.accept()
            log("threads:", threading.active_count())
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
