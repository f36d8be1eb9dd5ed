"""A non-blocking socket that is looked at every two seconds: what arrives is shown late.

fails: 06.1
says: client.py looks for messages only every
As soon as it arrives.
"""
import json
import socket
import sys
import threading
import time

from utils import send_json

HOST, PORT = "127.0.0.1", 9090


class Receiver(threading.Thread):
    INTERVAL = 2

    def __init__(self, sock):
        super().__init__(daemon=True)
        self.sock = sock
        self.quitting = False
        self.lost = False

    def fetch(self):
        """All that has come; b"" when nothing has. Raises EOFError at the end."""
        try:
            data = self.sock.recv(1 << 16, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return b""
        if not data:
            raise EOFError
        return data

    def run(self):
        rest = b""
        try:
            while not self.quitting:
                *lines, rest = (rest + self.fetch()).split(b"\n")
                for line in lines:
                    msg = json.loads(line)
                    if msg["type"] == "chat":
                        print(msg["user"], msg["text"], sep=": ")
                    elif msg["type"] == "system":
                        print(msg["text"])
                if not lines:
                    time.sleep(self.INTERVAL)  # <--
        except (EOFError, OSError):
            pass
        self.lost = True
        if not self.quitting:
            print("The server has gone.")


def main():
    nick = input("nick: ")
    try:
        sock = socket.create_connection((HOST, PORT))
    except OSError as e:
        sys.exit(f"No server: {e}")
    receiver = Receiver(sock)
    try:
        send_json(sock, {"type": "join", "user": nick})
        receiver.start()
        for line in sys.stdin:
            line = line.rstrip("\n")
            if receiver.lost or line.strip().lower() == "/quit":
                break
            if line:
                send_json(sock, {"type": "chat", "text": line})
    except OSError:
        pass
    receiver.quitting = True
    try:
        send_json(sock, {"type": "leave"})
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    sock.close()


if __name__ == "__main__":
    main()
