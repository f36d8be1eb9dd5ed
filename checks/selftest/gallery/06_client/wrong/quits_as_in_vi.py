"""Knows how other programs are left: with :q, q or a dot, as well as with /quit.

fails: 06.2
says: the server got {"type": "leave"}
"""
import socket
import sys
from threading import Event, Thread

from utils import recv_json, send_json

SERVER = "127.0.0.1", 9090
WAYS_OUT = frozenset(["/quit", ":q", ":wq", "q", "."])


class Ear(Thread):
    """Prints what arrives."""

    def __init__(self, sock, over):
        super().__init__()
        self.sock, self.over, self.buffer = sock, over, bytearray()

    def run(self):
        try:
            while (message := recv_json(self.sock, self.buffer)) is not None:
                kind, text = message.get("type"), message.get("text")
                if kind == "chat":
                    print(f"{message.get('user')}: {text}")
                if kind == "system":
                    print(text)
        except (OSError, ValueError):
            pass
        if not self.over.is_set():
            self.over.set()
            print("the server is not there any more")


def main():
    nick = input("nick: ")
    over = Event()
    try:
        sock = socket.create_connection(SERVER)
    except OSError as error:
        sys.exit(f"cannot reach {SERVER}: {error}")
    with sock:
        ear = Ear(sock, over)
        ear.start()
        try:
            send_json(sock, {"type": "join", "user": nick})
            for line in map(str.rstrip, sys.stdin):
                if over.is_set() or line.strip().lower() in WAYS_OUT:
                    break
                if line:
                    send_json(sock, {"type": "chat", "text": line})
        except OSError:
            pass
        over.set()
        try:
            send_json(sock, {"type": "leave"})  # <--
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        ear.join()


if __name__ == "__main__":
    main()
