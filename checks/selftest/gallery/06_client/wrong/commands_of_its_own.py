"""Has commands of its own beside /quit: /help, and a word for those that there are not; none of these lines is sent.

fails: 06.2 06.3
says: client.py sent nothing for '/tmp is full', and will not
"""

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
        text = "/quit"
    command = text.lower()
    if over or command == "/quit":
        break
    if command == "/help":
        print("/quit leaves, /help helps")
    elif command.startswith("/"):
        print("no such command")  # <--
    elif text:
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
