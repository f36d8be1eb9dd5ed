"""Reads and writes through one text file over the socket; each write throws away what was read and not yet taken.

fails: 06.2
says: client.py printed nothing new
"""

import json
import socket
import sys
import threading

HOST, PORT = "127.0.0.1", 9090
sys.stdout.reconfigure(errors="backslashreplace")

over = threading.Event()


def listen(file):
    try:
        for line in file:  # <--
            obj = json.loads(line)
            if obj.get("type") == "chat":
                print(f"{obj.get('user')}: {obj.get('text')}", flush=True)
            elif obj.get("type") == "system":
                print(obj.get("text"), flush=True)
    except (OSError, ValueError, AttributeError):
        pass
    if not over.is_set():
        over.set()
        print("the server has gone; press Enter", flush=True)


def send(file, **obj):
    file.write(json.dumps(obj) + "\n")
    file.flush()


def main():
    nick = input("nick: ")
    try:
        sock = socket.create_connection((HOST, PORT))
    except OSError as error:
        sys.exit(f"no server at {HOST}:{PORT}: {error}")
    file = sock.makefile("rw", encoding="utf-8", newline="\n")
    thread = threading.Thread(target=listen, args=(file,))
    try:
        send(file, type="join", user=nick)
        thread.start()
        for line in sys.stdin:
            text = line.rstrip("\n")
            if over.is_set() or text.strip().lower() == "/quit":
                break
            if text:
                send(file, type="chat", text=text)
    except OSError:
        pass
    over.set()
    try:
        send(file, type="leave")
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    if thread.ident:
        thread.join()
    sock.close()


if __name__ == "__main__":
    main()
