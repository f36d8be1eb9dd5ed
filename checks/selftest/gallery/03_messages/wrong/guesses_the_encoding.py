"""json.loads gets the bytes themselves and guesses the encoding: some that is not UTF-8 passes.

fails: 03.4
says: and not the end of the stream
"""
from __future__ import annotations

import json
import socket
import threading
from dataclasses import dataclass, field
from typing import Any, Protocol

HOST, PORT = "127.0.0.1", 9090


class Codec(Protocol):
    def encode(self, obj: dict[str, Any]) -> bytes: ...
    def decode(self, line: bytes) -> dict[str, Any]: ...


class JsonCodec:
    def encode(self, obj):
        return json.dumps(obj).encode() + b"\n"

    def decode(self, line):
        try:
            obj = json.loads(line)
        except RecursionError:
            raise ValueError("too deep") from None
        if not isinstance(obj, dict):
            raise ValueError("not an object")
        return obj


@dataclass
class Channel:
    sock: socket.socket
    codec: Codec
    limit: int = 65_536
    buffer: bytearray = field(default_factory=bytearray)

    def __iter__(self):
        return self

    def __next__(self):
        while (end := self.buffer.find(b"\n")) < 0:
            if len(self.buffer) >= self.limit:
                raise ValueError("too long")
            data = self.sock.recv(16_384)
            if not data:
                raise StopIteration
            self.buffer += data
        if end >= self.limit:
            raise ValueError("too long")
        line = bytes(self.buffer[: end + 1])
        del self.buffer[: end + 1]
        return self.codec.decode(line)

    def run(self) -> None:
        with self.sock:
            try:
                for obj in self:
                    self.sock.sendall(self.codec.encode(obj))  # <--
            except (OSError, ValueError) as error:
                print(error)


def main() -> None:
    with socket.create_server((HOST, PORT), backlog=128) as listener:
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=Channel(sock, JsonCodec()).run, daemon=True).start()


if __name__ == "__main__":
    main()
