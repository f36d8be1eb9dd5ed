"""The other way round: the main thread listens, and a daemon thread reads what is typed."""

import socket
import sys
import threading

from utils import recv_json, send_json


def keyboard(sock, leaving):
    try:
        for line in sys.stdin:
            if line.strip().lower() == "/quit":
                break
            if line != "\n":
                send_json(sock, {"type": "chat", "text": line.rstrip("\n")})
        leaving.set()
        send_json(sock, {"type": "leave"})
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # the main thread sees it, too


def main():
    nick = sys.stdin.readline().strip()
    leaving = threading.Event()
    try:
        with socket.create_connection(("127.0.0.1", 9090)) as sock:
            send_json(sock, {"type": "join", "user": nick})
            threading.Thread(target=keyboard, args=(sock, leaving), daemon=True).start()
            buffer = bytearray()
            while (message := recv_json(sock, buffer)) is not None:
                match message:
                    case {"type": "chat", "user": nick, "text": text}:
                        print(nick, text, sep=": ")
                    case {"type": "system", "text": text}:
                        print(text)
    except OSError as error:
        if not leaving.is_set():
            sys.exit(f"chat: {error}")
    if not leaving.is_set():
        sys.exit("chat: the server has closed the connection")


main()
