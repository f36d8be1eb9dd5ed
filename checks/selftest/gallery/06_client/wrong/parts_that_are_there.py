"""Joins the parts of a line that are not empty with a colon: of a chat without a text the nick alone is left.

fails: 06.1
says: client.py printed 'bob' and not 'bob:'
"""
import socket
import sys
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
PARTS = {"chat": ("user", "text"), "system": ("text",)}


def lines(sock):
    """What is to be printed, as it comes."""
    buffer = bytearray()
    while True:
        try:
            message = recv_json(sock, buffer)
        except (OSError, ValueError):
            return
        if message is None:
            return
        fields = PARTS.get(message.get("type"), ())
        yield ": ".join(filter(None, map(message.get, fields)))


def print_all(sock, ended):
    for line in lines(sock):
        if line:
            print(line)  # <--
    if not ended.is_set():
        ended.set()
        print("-- the server is gone --")


def main():
    nick = input("Your nick: ")
    try:
        sock = socket.create_connection((HOST, PORT))
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    ended = threading.Event()
    printer = threading.Thread(target=print_all, args=(sock, ended))
    printer.start()
    try:
        send_json(sock, {"type": "join", "user": nick})
        while not ended.is_set():
            text = input()
            if text.strip().lower() == "/quit":
                break
            if text and not ended.is_set():
                send_json(sock, {"type": "chat", "text": text})
    except (EOFError, OSError):
        pass
    ended.set()
    try:
        send_json(sock, {"type": "leave"})
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    printer.join()
    sock.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
