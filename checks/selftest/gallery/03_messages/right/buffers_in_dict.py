"""The buffers of all clients in one dict, by connection, under a lock; a second thread stops it all."""

import json
import signal
import socket
import sys
import threading

buffers = {}
lock = threading.Lock()


def take_line(conn):
    with lock:
        line, newline, rest = buffers[conn].partition(b"\n")
        if newline:
            buffers[conn] = rest
    if len(line) > 65535:
        raise ValueError("too long")
    return line if newline else None


def recv_json(conn):
    while (line := take_line(conn)) is None:
        data = conn.recv(4096)
        if not data:
            return None
        with lock:
            buffers[conn] += data
    obj = json.loads(line.decode())
    if isinstance(obj, dict):
        return obj
    raise ValueError("not an object")


def handle_client(conn):
    with lock:
        buffers[conn] = b""
    try:
        while (obj := recv_json(conn)) is not None:
            conn.sendall((json.dumps(obj) + "\n").encode())
    except Exception as e:
        print(type(e).__name__, e)
    finally:
        with lock:
            del buffers[conn]
        conn.close()


def accept_all(listener):
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=handle_client, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, lambda number, frame: sys.exit("stopped"))
    listener = socket.create_server(("127.0.0.1", 9090))
    threading.Thread(target=accept_all, args=(listener,), daemon=True).start()
    while True:
        threading.Event().wait(0.5)
