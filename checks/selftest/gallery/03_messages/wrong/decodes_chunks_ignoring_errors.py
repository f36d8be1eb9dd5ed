"""Decodes each piece with errors="ignore", so that a character cut in two is lost.

fails: 03.1 03.4
"""

import json
import socket
import threading

HOST, PORT = "127.0.0.1", 9090


class Client(threading.Thread):
    def __init__(self, conn):
        super().__init__(daemon=True)
        self.conn = conn
        self.text = ""

    def read_line(self):
        while "\n" not in self.text:
            if len(self.text.encode()) >= 65536:
                raise ValueError("line too long")
            data = self.conn.recv(1024)
            if not data:
                return None
            self.text += data.decode("utf-8", errors="ignore")
        line, self.text = self.text.split("\n", 1)
        if len(line.encode()) > 65535:
            raise ValueError("line too long")
        return line

    def run(self):
        with self.conn:
            try:
                while (line := self.read_line()) is not None:
                    obj = json.loads(line)
                    if not isinstance(obj, dict):
                        return
                    self.conn.sendall(json.dumps(obj).encode() + b"\n")  # <--
            except (OSError, ValueError) as e:
                print(e)


with socket.create_server((HOST, PORT)) as s:
    while True:
        Client(s.accept()[0]).start()
