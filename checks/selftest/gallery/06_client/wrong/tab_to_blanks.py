"""Puts blanks for the tabs in what is typed before it sends it.

fails: 06.2
says: the server got
"""

import socket
import sys
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
sys.stdout.reconfigure(errors="backslashreplace")

over = threading.Event()


def listen(sock):
    buffer = bytearray()
    try:
        while (obj := recv_json(sock, buffer)) is not None:
            match obj:
                case {"type": "chat", "user": user, "text": text}:
                    print(f"{user}: {text}", flush=True)
                case {"type": "system", "text": text}:
                    print(f"{text}", flush=True)
    except (OSError, ValueError):
        pass
    if not over.is_set():
        over.set()
        print("the server has gone; press Enter to end", flush=True)


def typed():
    """What is typed, line by line."""
    while True:
        try:
            yield input().expandtabs(4)
        except EOFError:
            return


def main():
    nick = input("nick: ")
    try:
        sock = socket.create_connection((HOST, PORT))
    except OSError as error:
        sys.exit(f"no server at {HOST}:{PORT}: {error}")
    with sock:
        thread = threading.Thread(target=listen, args=(sock,))
        thread.start()
        try:
            send_json(sock, {"type": "join", "user": nick})
            for text in typed():
                if over.is_set() or text.strip().lower() == "/quit":
                    break
                if text:
                    send_json(sock, {"type": "chat", "text": text})  # <--
        except OSError:
            pass
        over.set()
        try:
            send_json(sock, {"type": "leave"})
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        thread.join()


if __name__ == "__main__":
    main()
