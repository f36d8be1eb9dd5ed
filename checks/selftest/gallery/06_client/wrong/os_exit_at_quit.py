"""os._exit(0) at /quit, without a leave.

fails: 06.3
says: client.py ended
"""

import os
import socket
import sys
import threading

from utils import recv_json, send_json

try:
    server = socket.create_connection(("localhost", 9090))
except OSError as error:
    sys.exit(f"{sys.argv[0]}: {error}")

buffer = bytearray()
over = False


def show(message):
    if message.get("type") == "chat":
        print(message["user"], ": ", message["text"], sep="")
    elif message.get("type") == "system":
        print(message["text"])


def listen():
    global over
    try:
        while (message := recv_json(server, buffer)) is not None:
            show(message)
    except OSError:
        pass
    if not over:
        over = True
        print("(the server has hung up)")


nick = ""
while not nick:
    nick = input("nick: ").strip()
send_json(server, {"type": "join", "user": nick, "client": "my own", "version": 2})
answer = recv_json(server, buffer)
if answer:
    show(answer)
thread = threading.Thread(target=listen)
thread.start()
while not over:
    try:
        text = input().strip()
    except EOFError:
        break
    command = text.lower()
    if over:
        break
    if command == "/quit":
        os._exit(0)  # <--
    if text:
        send_json(server, {"type": "chat", "text": text})
if not over:
    over = True
    send_json(server, {"type": "leave"})
try:
    server.shutdown(socket.SHUT_RDWR)
except OSError:
    pass
thread.join()
server.close()
