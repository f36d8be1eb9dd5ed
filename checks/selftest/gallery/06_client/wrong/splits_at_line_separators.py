"""Cuts what has come with str.splitlines(), which knows more line ends than the newline.

fails: 06.1
says: client.py has not printed 'figs', and will not
"""
import socket
import sys
import threading
import json
from utils import send_json


def messages(s):
    data = b""
    while True:
        piece = s.recv(4096)
        if not piece:
            return
        data += piece
        if b"\n" not in data:
            continue
        whole, _, data = data.rpartition(b"\n")
        for line in whole.decode("utf-8").splitlines():
            yield json.loads(line)  # <--

HOST = "127.0.0.1"
PORT = 9090

finished = False
flag_lock = threading.Lock()


def first_to_finish():
    global finished
    with flag_lock:
        if finished:
            return False
        finished = True
        return True


def receiver(s):
    it = messages(s)
    while True:
        try:
            m = next(it, None)
        except (OSError, ValueError):
            m = None
        if m is None:
            break
        kind = m.get("type")
        if kind == "system" and isinstance(m.get("text"), str):
            line = m["text"]
        elif kind == "chat" and isinstance(m.get("text"), str):
            line = str(m.get("user")) + ": " + m["text"]
        else:
            continue
        line = line.encode("utf-8", "replace").decode("utf-8")
        print(line, flush=True)
    if first_to_finish():
        print("*** the server has gone, press Enter ***", flush=True)


def main():
    try:
        nick = input("nick: ")
    except (EOFError, KeyboardInterrupt):
        return
    try:
        s = socket.socket()
        s.connect((HOST, PORT))
    except OSError as e:
        print("cannot connect to the server:", e)
        sys.exit(2)
    t = threading.Thread(target=receiver, args=(s,))
    try:
        send_json(s, {"type": "join", "user": nick})
    except OSError:
        pass
    t.start()
    while True:
        try:
            line = input()
        except (EOFError, KeyboardInterrupt):
            break
        if finished or line.strip().lower() == "/quit":
            break
        if line == "":
            continue
        try:
            send_json(s, {"type": "chat", "text": line})
        except OSError:
            break
    first_to_finish()
    try:
        send_json(s, {"type": "leave"})
    except OSError:
        pass
    try:
        s.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    t.join()
    s.close()


if __name__ == "__main__":
    main()
