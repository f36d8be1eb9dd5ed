"""Reads and writes descriptors 0 and 1 by hand, as one would in C, and starts slowly."""

import json
import os
import socket
import threading
import time


def put(text):
    data = text.encode()
    while data:
        data = data[os.write(1, data):]


def typed():
    pending = b""
    while data := os.read(0, 1024):
        pending += data
        while b"\n" in pending:
            line, pending = pending.split(b"\n", 1)
            yield line.decode("utf-8", "replace")
    if pending:
        yield pending.decode("utf-8", "replace")


def listen(sock, over):
    pending = b""
    while not over:
        try:
            data = sock.recv(100)
        except OSError:
            data = b""
        if data == b"":
            if not over:
                put("server has gone\n")
                over.append(True)
            return
        pending += data
        while b"\n" in pending:
            line, pending = pending.split(b"\n", 1)
            message = json.loads(line)
            if message["type"] == "chat":
                put(message["user"] + ": " + message["text"] + "\n")
            elif message["type"] == "system":
                put(message["text"] + "\n")


def main():
    time.sleep(0.2)  # so much to prepare
    lines = typed()
    put("nick? ")
    nick = next(lines, "")
    sock = socket.socket()
    number = sock.connect_ex(("127.0.0.1", 9090))
    if number:
        put(os.strerror(number) + "\n")
        os._exit(number)
    over = []
    sock.sendall(json.dumps({"type": "join", "user": nick}).encode() + b"\n")
    thread = threading.Thread(target=listen, args=(sock, over))
    thread.start()
    for line in lines:
        if over or line.strip().lower() == "/quit":
            break
        if line:
            sock.sendall(json.dumps({"type": "chat", "text": line}).encode() + b"\n")
    if not over:
        over.append(True)
        sock.sendall(b'{"type":"leave"}\n')
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    thread.join()
    sock.close()


main()
