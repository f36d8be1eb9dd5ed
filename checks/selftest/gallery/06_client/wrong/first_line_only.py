"""Prints of each text its first line, so that every message has a line of its own.

fails: 06.1
says: client.py has not printed 'pears'
"""

import socket
import sys
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
sys.stdout.reconfigure(errors="backslashreplace")


class Listener(threading.Thread):
    def __init__(self, sock):
        super().__init__(name="listener")
        self.sock = sock
        self.over = False

    def run(self):
        buffer = bytearray()
        try:
            while (obj := recv_json(self.sock, buffer)) is not None:
                self.show(obj)
        except (OSError, ValueError):
            pass
        if not self.over:
            self.over = True
            print("the server has gone; press Enter to end", flush=True)

    def show(self, obj):
        text = str(obj.get("text")).partition("\n")[0]  # <--
        if obj.get("type") == "chat":
            print(f"{obj.get('user')}: {text}", flush=True)
        elif obj.get("type") == "system":
            print(text, flush=True)


def main():
    nick = input("nick: ")
    try:
        sock = socket.create_connection((HOST, PORT))
    except OSError as error:
        sys.exit(f"no server at {HOST}:{PORT}: {error}")
    with sock:
        listener = Listener(sock)
        listener.start()
        try:
            send_json(sock, {"type": "join", "user": nick})
            for line in sys.stdin:
                text = line.rstrip("\n")
                if listener.over or text.strip().lower() == "/quit":
                    break
                if text:
                    send_json(sock, {"type": "chat", "text": text})
        except OSError:
            pass
        listener.over = True
        try:
            send_json(sock, {"type": "leave"})
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        listener.join()


if __name__ == "__main__":
    main()
