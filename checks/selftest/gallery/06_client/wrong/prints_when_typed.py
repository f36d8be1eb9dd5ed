"""One thread: after each line that is typed it looks for what has come.

fails: 06.1 06.4
says: client.py printed nothing new, and will not
"""

import select
import socket
import sys

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def show(sock, buffer):
    """Show what has come until now; False when the server has gone."""
    while b"\n" in buffer or select.select([sock], [], [], 0)[0]:
        message = recv_json(sock, buffer)
        if message is None:
            print("the server has gone")
            return False
        if message["type"] == "chat":
            print(f"{message['user']}: {message['text']}")
        elif message["type"] == "system":
            print(message["text"])
    return True


def main():
    nick = input("nick: ")
    try:
        sock = socket.create_connection((HOST, PORT))  # <--
    except OSError as error:
        sys.exit(f"no server: {error}")
    buffer = bytearray()
    send_json(sock, {"type": "join", "user": nick})
    try:
        while show(sock, buffer):
            text = input("> ")  # <--
            if text.strip().lower() == "/quit":
                break
            if text:
                send_json(sock, {"type": "chat", "text": text})
    except EOFError:
        pass
    except OSError:
        sys.exit("the server has gone")
    send_json(sock, {"type": "leave"})
    sock.close()


main()
