"""A daemon listener that ends the whole process when the server has gone."""

import os
import socket
import sys
from threading import Thread

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def listen(sock):
    buffer = bytearray()
    try:
        while obj := recv_json(sock, buffer):
            if obj["type"] == "chat":
                print("{user}: {text}".format(**obj))
            elif obj["type"] == "system":
                print(obj["text"])
    except (OSError, ValueError):
        pass
    if not leaving:
        print("The server is gone. Good bye.", flush=True)
        os._exit(0)


leaving = False
nick = input("Nickname? ").strip()
try:
    sock = socket.create_connection((HOST, PORT))
except OSError:
    sys.exit("The server does not answer.")
send_json(sock, {"type": "join", "user": nick})
Thread(target=listen, args=[sock], daemon=True).start()
try:
    while (text := input().strip()).lower() != "/quit":
        if text:
            send_json(sock, {"type": "chat", "text": text})
except EOFError:
    pass
leaving = True
send_json(sock, {"type": "leave"})
sock.close()
