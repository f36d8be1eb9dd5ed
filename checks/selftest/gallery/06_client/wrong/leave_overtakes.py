"""A client with a sender thread, fed by a queue; leave is sent directly, and may overtake what lies in the queue.

fails: 06.3
says: the server got
"""
import queue

import socket
import sys
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

over = threading.Event()
outbox = queue.Queue()


def deliver(sock):
    """The sender thread."""
    try:
        while True:
            send_json(sock, outbox.get())
    except OSError:
        pass


def show(obj):
    match obj:
        case {"type": "chat", "user": user, "text": text}:
            print(f"{user}: {text}")
        case {"type": "system", "text": text}:
            print(text)


def listen(sock):
    """The listener thread: print what arrives, until the connection ends."""
    buffer = bytearray()
    try:
        while (obj := recv_json(sock, buffer)) is not None:
            show(obj)
    except (OSError, ValueError):
        pass
    if not over.is_set():
        over.set()
        print("the server has gone; press Enter to end")


def main():
    nick = input("nick: ")
    try:
        sock = socket.create_connection((HOST, PORT))
    except OSError as error:
        sys.exit(f"no server at {HOST}:{PORT}: {error}")
    outbox.put({"type": "join", "user": nick})
    with sock:
        listener = threading.Thread(target=listen, args=(sock,))
        listener.start()
        threading.Thread(target=deliver, args=(sock,), daemon=True).start()
        for line in sys.stdin:
            text = line.rstrip("\n")
            if over.is_set() or text.strip().lower() == "/quit":
                break
            if text:
                outbox.put({"type": "chat", "text": text})
        over.set()
        try:
            send_json(sock, {"type": "leave"})  # <--
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        listener.join()


if __name__ == "__main__":
    main()
