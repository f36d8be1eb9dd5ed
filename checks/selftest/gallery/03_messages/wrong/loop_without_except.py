"""One selectors loop for all clients, and a bad line's exception leaves it.

fails: 03.4 03.3
says: server.py stopped with JSONDecodeError
"""

import json
import selectors
import socket

HOST, PORT = "127.0.0.1", 9090
MAX = 65536

selector = selectors.DefaultSelector()
buffers = {}


def drop(conn):
    selector.unregister(conn)
    del buffers[conn]
    conn.close()


def read(conn):
    try:
        data = conn.recv(4096)
    except OSError:
        data = b""
    *lines, rest = (buffers[conn] + data).split(b"\n")
    buffers[conn] = rest
    if not data or max(map(len, [rest, *lines])) >= MAX:
        return drop(conn)
    for line in lines:
        obj = json.loads(line.decode())  # <--
        if not isinstance(obj, dict):
            return drop(conn)
        try:
            conn.sendall(json.dumps(obj).encode() + b"\n")
        except OSError:
            return drop(conn)


with socket.create_server((HOST, PORT)) as listener:
    selector.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                client, _ = listener.accept()
                buffers[client] = b""
                selector.register(client, selectors.EVENT_READ)
            else:
                read(key.fileobj)
