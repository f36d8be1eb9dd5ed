"""Remembers how far it has searched for a newline, so that no byte is looked at twice.

fails: 03.1 03.4
says: alice
After a line has been cut off the mark is not set back: the next line's newline, which is in the buffer
already, stands before the mark and is not seen until more comes, or never.
"""
import json
import socket
import threading

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65_536


class LineReader:
    def __init__(self, sock):
        self.sock = sock
        self.buffer = bytearray()
        self.searched = 0

    def readline(self):
        """The next line, or None."""
        while (end := self.buffer.find(b"\n", self.searched)) == -1:
            self.searched = len(self.buffer)
            if self.searched >= MAX_LINE:
                raise ValueError("line too long")
            data = self.sock.recv(8192)  # <--
            if not data:
                return None
            self.buffer += data
        if end >= MAX_LINE:
            raise ValueError("line too long")
        line = self.buffer[:end]
        del self.buffer[:end + 1]
        self.searched = end
        return line


class Session(threading.Thread):
    def __init__(self, sock, addr):
        super().__init__(daemon=True)
        self.sock, self.addr = sock, addr
        self.reader = LineReader(sock)

    def run(self):
        with self.sock:
            try:
                while (line := self.reader.readline()) is not None:
                    self.answer(json.loads(line.decode()))
            except (OSError, ValueError, RecursionError) as error:
                print(self.addr, error)

    def answer(self, obj):
        if not isinstance(obj, dict):
            raise ValueError("not an object")
        self.sock.sendall(json.dumps(obj).encode() + b"\n")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        print("listening")
        while True:
            Session(*listener.accept()).start()


if __name__ == "__main__":
    main()
