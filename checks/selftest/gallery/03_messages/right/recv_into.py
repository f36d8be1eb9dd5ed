"""recv_into a buffer of exactly the longest line, through a memoryview."""

import json
import socket
import threading

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65_536


class LineReader:
    def __init__(self, sock):
        self.sock = sock
        self.space = bytearray(MAX_LINE)
        self.view = memoryview(self.space)
        self.used = 0

    def readline(self):
        start = 0
        while (end := self.space.find(b"\n", start, self.used)) < 0:
            if self.used == MAX_LINE:
                raise ValueError("line too long")
            start = self.used
            count = self.sock.recv_into(self.view[self.used:])
            if count == 0:
                return None
            self.used += count
        line = bytes(self.view[:end])
        rest = self.used - end - 1
        self.view[:rest] = bytes(self.view[end + 1:self.used])
        self.used = rest
        return line


def handle_client(conn, addr):
    with conn:
        reader = LineReader(conn)
        try:
            while (line := reader.readline()) is not None:
                obj = json.loads(line.decode())
                if not isinstance(obj, dict):
                    raise ValueError("not an object")
                conn.sendall(json.dumps(obj).encode() + b"\n")
        except (OSError, ValueError) as e:
            print(addr, e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
