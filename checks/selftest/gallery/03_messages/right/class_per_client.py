"""A class that is the thread, and holds its own buffer."""

import json
import socket
import threading


class Client(threading.Thread):
    LIMIT = 65536

    def __init__(self, sock, addr):
        super().__init__(name=f"client-{addr[1]}", daemon=True)
        self._sock = sock
        self._pending = b""

    def _next(self):
        while (at := self._pending.find(b"\n")) < 0:
            if len(self._pending) >= self.LIMIT:
                raise ValueError("line too long")
            piece = self._sock.recv(16 * 1024)
            if not piece:
                raise EOFError
            self._pending += piece
        line, self._pending = self._pending[:at], self._pending[at + 1:]
        if len(line) >= self.LIMIT:
            raise ValueError("line too long")
        obj = json.loads(line.decode("utf-8"))
        if not isinstance(obj, dict):
            raise ValueError("expected an object")
        return obj

    def _send(self, obj):
        self._sock.sendall(json.dumps(obj).encode("utf-8") + b"\n")

    def run(self):
        try:
            while True:
                self._send(self._next())
        except (EOFError, OSError, ValueError):
            pass
        finally:
            self._sock.close()


class ChatServer:
    def __init__(self, host="127.0.0.1", port=9090):
        self.listener = socket.create_server((host, port))

    def run(self):
        while True:
            Client(*self.listener.accept()).start()


if __name__ == "__main__":
    try:
        ChatServer().run()
    except KeyboardInterrupt:
        print("bye")
