"""Counts the bytes of the whole connection, so that a client may only say 64 KB in all.

fails: 03.3 01.2
"""

import json
import socket
import threading

HOST, PORT = "127.0.0.1", 9090
MAX_BYTES = 65536


class Session:
    def __init__(self, conn):
        self.conn = conn
        self.buffer = b""
        self.received = 0

    def messages(self):
        while data := self.conn.recv(4096):
            self.received += len(data)
            self.buffer += data
            if self.received > MAX_BYTES:
                raise ValueError("too much data")
            *lines, self.buffer = self.buffer.split(b"\n")
            for line in lines:
                obj = json.loads(line.decode())
                if not isinstance(obj, dict):
                    raise ValueError("not an object")
                yield obj

    def run(self):
        with self.conn:  # <--
            try:
                for obj in self.messages():
                    self.conn.sendall(json.dumps(obj).encode() + b"\n")
            except (OSError, ValueError) as e:
                print(e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=Session(conn).run, daemon=True).start()


main()
