"""Shows a message where it arrives, and again where it is logged.

fails: 06.1
says: client.py printed 'bob
"""

import socket
import threading
from json import dumps, loads

HOST, PORT = "127.0.0.1", 9090
stop = False
history = []


def listen(sock):
    global stop
    with sock.makefile("r", encoding="utf-8", newline="\n") as file:
        try:
            for line in file:  # <--
                if not line.endswith("\n"):
                    break
                obj = loads(line)
                history.append(obj)
                if len(history) > 1 and history[-2]["type"] == "chat":
                    print(history[-2]["user"] + ":", history[-2]["text"])
                if obj["type"] == "system":
                    print(obj["text"])
                elif obj["type"] == "chat":
                    print(obj["user"] + ":", obj["text"])  # <--
        except (ConnectionError, ValueError):
            pass
    if not stop:
        stop = True
        print("Server closed the connection.")


def send(sock, **obj):
    sock.sendall((dumps(obj) + "\n").encode())


def main():
    global stop
    nick = input("Enter your nick: ")
    print("Connecting...")
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.connect((HOST, PORT))
    except ConnectionRefusedError:
        print("Connection refused. Is the server running?")
        exit(1)
    print("Connected! Type /quit to leave.")
    send(sock, type="join", user=nick)
    t = threading.Thread(target=listen, args=(sock,))
    t.start()
    while True:
        try:
            text = input("> ")
        except EOFError:
            break
        if stop or text.strip().lower() == "/quit":
            break
        if text == "":
            continue
        try:
            send(sock, type="chat", user=nick, text=text)
        except OSError:
            break
    if not stop:
        stop = True
        send(sock, type="leave")
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    t.join()
    sock.close()
    print("Good bye!")


main()
