"""When the server has gone, the listener interrupts the main thread's input() with a SIGINT of its own."""

import os
import signal
import socket
import sys
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
main_done = threading.Event()


def listen(sock):
    buffer = bytearray()
    try:
        for obj in iter(lambda: recv_json(sock, buffer), None):
            match obj:
                case {"type": "chat", "user": str(user), "text": str(text)}:
                    sys.stdout.write(f"{user}: {text}\n")
                case {"type": "system", "text": str(text)}:
                    sys.stdout.write(f"{text}\n")
    except OSError:
        pass
    finally:
        if not main_done.is_set():
            sys.stdout.write("Lost the server.\n")
            os.kill(os.getpid(), signal.SIGINT)


def main():
    nick = input()
    try:
        sock = socket.create_connection((HOST, PORT))
    except OSError as error:
        sys.exit(error)
    listener = threading.Thread(target=listen, args=(sock,))
    try:
        send_json(sock, {"type": "join", "user": nick})
        listener.start()
        while (text := input()).strip().lower() != "/quit":
            text and send_json(sock, {"type": "chat", "text": text})
    except (EOFError, KeyboardInterrupt, OSError):
        pass
    main_done.set()
    try:
        send_json(sock, {"type": "leave"})
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    listener.join()


if __name__ == "__main__":
    main()
