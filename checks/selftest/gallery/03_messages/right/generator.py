"""A generator gives out the messages, and the thread is a for loop."""

import json
import socket
import threading

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65536


def lines(conn):
    buffer = b""
    while chunk := conn.recv(4096):
        *complete, buffer = (buffer + chunk).split(b"\n")
        yield from complete
        if len(buffer) >= MAX_LINE:
            return


def messages(conn):
    for line in lines(conn):
        if len(line) >= MAX_LINE:
            return
        try:
            match json.loads(line.decode()):
                case dict(obj):
                    yield obj
                case _:
                    return
        except ValueError:
            return


def handle_client(conn, addr):
    with conn:
        try:
            for message in messages(conn):
                conn.sendall(json.dumps(message).encode() + b"\n")
        except OSError as e:
            print(addr, e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
