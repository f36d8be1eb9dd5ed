"""Chat client that tells a chat by its field user: a system message that has one, too, is printed like a chat.

fails: 06.1
says: client.py printed 'dave: dave has left' and not 'dave has left'
"""
import socket
import sys
import threading
from dataclasses import dataclass
from typing import Optional

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


@dataclass
class Message:
    text: str
    user: Optional[str] = None

    @classmethod
    def from_json(cls, obj):
        """None for what we do not know."""
        if obj.get("type") not in ("chat", "system"):
            return None
        return cls(text=obj.get("text", ""), user=obj.get("user"))

    def __str__(self):
        line = self.text if self.user is None else f"{self.user}: {self.text}"
        return line.encode("utf-8", "backslashreplace").decode("utf-8")


class Session:
    def __init__(self, sock):
        self.sock = sock
        self.ended = threading.Event()
        self.listener = threading.Thread(target=self.listen)

    def __enter__(self):
        self.listener.start()
        return self

    def __exit__(self, *exc):
        self.ended.set()
        try:
            self.send(type="leave")
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.join()
        self.sock.close()
        return exc[0] is not None and issubclass(exc[0], (OSError, KeyboardInterrupt))

    def send(self, **obj):
        send_json(self.sock, obj)

    def listen(self):
        buffer = bytearray()
        try:
            while (obj := recv_json(self.sock, buffer)) is not None:
                message = Message.from_json(obj)
                if message is not None:
                    print(message, flush=True)  # <--
        except (OSError, ValueError):
            pass
        if not self.ended.is_set():
            self.ended.set()
            print("*** the server is gone ***", flush=True)


def lines():
    while True:
        try:
            yield input()
        except EOFError:
            return


def main():
    nick = input("Who are you? ")
    try:
        sock = socket.create_connection((HOST, PORT))
    except OSError as error:
        print("*** no server:", error)
        sys.exit(3)
    with Session(sock) as session:
        session.send(type="join", user=nick)
        for line in lines():
            if session.ended.is_set() or line.strip().lower() == "/quit":
                break
            if line != "":
                session.send(type="chat", text=line)


if __name__ == "__main__":
    main()
