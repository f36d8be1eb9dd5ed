"""Takes the last piece for a message, also when it is only half of one.

fails: 06.4
says: client.py still runs
"""

import json
import socket
import sys
import threading

HOST, PORT = "127.0.0.1", 9090
over = threading.Event()


def listen(file):
    try:
        for line in file:
            message = json.loads(line)  # <--
            if message["type"] == "chat":
                print(f"{message['user']}: {message['text']}")
            elif message["type"] == "system":
                print(message["text"])
    except OSError:
        pass
    if not over.is_set():
        over.set()
        print("The server has closed the connection. Press Enter.")


def main():
    nick = input("nick: ")
    try:
        sock = socket.create_connection((HOST, PORT))
    except OSError as error:
        sys.exit(f"{HOST}:{PORT} {error}")

    def put(message):
        sock.sendall(json.dumps(message).encode() + b"\n")

    put({"type": "join", "user": nick})
    listener = threading.Thread(target=listen, args=(sock.makefile("rb"),))
    listener.start()
    for line in sys.stdin:
        if over.is_set():
            return
        if line.strip().lower() == "/quit":
            break
        if line != "\n":
            put({"type": "chat", "text": line.removesuffix("\n")})
    over.set()
    put({"type": "leave"})
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    listener.join()


if __name__ == "__main__":
    main()
