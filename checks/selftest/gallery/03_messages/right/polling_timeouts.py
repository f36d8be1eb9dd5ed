"""Sockets with short timeouts, and threads that are no daemons but look whether it is time to stop."""

import json
import socket
import threading

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65536
stop = threading.Event()


def keep_trying(call, arg):
    while not stop.is_set():
        try:
            return call(arg)
        except TimeoutError:
            pass
    raise OSError("stopping")


def send_json(conn, obj):
    data = json.dumps(obj).encode() + b"\n"
    while data:
        data = data[keep_trying(conn.send, data):]


def serve(conn):
    buffer = b""
    while data := keep_trying(conn.recv, 4096):
        *lines, buffer = (buffer + data).split(b"\n")
        for line in lines:
            if len(line) >= MAX_LINE:
                raise ValueError("line too long")
            obj = json.loads(line.decode())
            if not isinstance(obj, dict):
                raise ValueError("not an object")
            send_json(conn, obj)
        if len(buffer) >= MAX_LINE:
            raise ValueError("line too long")


def handle_client(conn, addr):
    with conn:
        conn.settimeout(0.3)
        try:
            serve(conn)
        except (OSError, ValueError) as e:
            print(addr, e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        try:
            while True:
                threading.Thread(target=handle_client, args=listener.accept()).start()
        except KeyboardInterrupt:
            stop.set()


if __name__ == "__main__":
    main()
