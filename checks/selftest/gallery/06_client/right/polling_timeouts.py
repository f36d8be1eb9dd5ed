"""The listener wakes up five times a second to see whether it is to stop; nothing needs to be shut down."""

import json
import socket
import sys
import threading


def listen(sock, stop):
    buffer = b""
    while not stop.is_set():
        try:
            data = sock.recv(4096)
        except TimeoutError:
            continue
        except OSError:
            data = b""
        if not data:
            print("The server has gone away.")
            stop.set()
        buffer += data
        *lines, buffer = buffer.split(b"\n")
        for line in lines:
            message = json.loads(line)
            kind, text = message.get("type"), message.get("text")
            if kind == "chat":
                print(f"{message.get('user')}: {text}")
            elif kind == "system":
                print(text)
            else:
                print("[unknown message]", kind)


def main():
    nick = input()
    try:
        sock = socket.create_connection(("127.0.0.1", 9090), timeout=5)
    except OSError as error:
        print("no connection:", error)
        sys.exit(3)
    stop = threading.Event()

    sock.settimeout(0.2)

    def put(**message):
        sock.sendall(json.dumps(message).encode() + b"\n")

    put(type="join", user=nick)
    listener = threading.Thread(target=listen, args=(sock, stop))
    listener.start()
    for line in sys.stdin:
        if stop.is_set() or line.strip().lower() == "/quit":
            break
        if line.strip("\n"):
            put(type="chat", text=line.rstrip("\n"))
    if not stop.is_set():
        put(type="leave")
        stop.set()
    listener.join()
    sock.close()


if __name__ == "__main__":
    main()
