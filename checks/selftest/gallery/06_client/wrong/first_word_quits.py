"""Looks at the first word of a line: one that begins with /quit ends the program, whatever follows.

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


def is_quit(text):
    words = text.lower().split()
    return bool(words) and words[0] == "/quit"


def receive(sock):
    buffer = bytearray()
    while (obj := recv_json(sock, buffer)) is not None:
        if obj.get("type") == "chat":
            yield f"{obj.get('user')}: {obj.get('text')}"
        elif obj.get("type") == "system":
            yield obj.get("text")


def listen(sock):
    try:
        for line in receive(sock):
            print(line, flush=True)
    except (OSError, ValueError):
        pass
    if not over.is_set():
        over.set()
        print("no server any more, press Enter", flush=True)


def main():
    nick = input("nick: ")
    try:
        sock = socket.create_connection((HOST, PORT))
    except OSError as error:
        sys.exit(f"no server: {error}")
    thread = threading.Thread(target=listen, args=(sock,))
    thread.start()
    try:
        send_json(sock, {"type": "join", "user": nick})
        for line in sys.stdin:
            text = line.rstrip("\n")
            if over.is_set() or is_quit(text):
                break
            if text:
                send_json(sock, {"type": "chat", "text": text})
    except OSError:
        pass
    over.set()
    try:
        send_json(sock, {"type": "leave"})  # <--
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    thread.join()
    sock.close()


if __name__ == "__main__":
    main()
