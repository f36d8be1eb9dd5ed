"""Looks at the first word of a line, which a line of blanks has not got.

fails: 06.2
says: client.py stopped with IndexError
"""

import socket
import sys
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

over = threading.Event()


def show(text):
    print(text.encode(errors="backslashreplace").decode())


def listen(sock):
    buffer = bytearray()
    try:
        while (obj := recv_json(sock, buffer)) is not None:
            match obj:
                case {"type": "chat", "user": user, "text": text}:
                    show(f"{user}: {text}")
                case {"type": "system", "text": text}:
                    show(f"{text}")
    except (OSError, ValueError):
        pass
    if not over.is_set():
        over.set()
        print("the server has gone; press Enter to end")


def talk(sock):
    for line in sys.stdin:
        text = line.rstrip("\n")
        if over.is_set() or text and text.split()[0].lower() == "/quit" and len(text.split()) == 1:  # <--
            break
        if text:
            send_json(sock, {"type": "chat", "text": text})


def hang_up(sock):
    over.set()
    try:
        send_json(sock, {"type": "leave"})
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def main():
    nick = input("nick: ")
    try:
        sock = socket.create_connection((HOST, PORT))
    except OSError as error:
        sys.exit(f"no server at {HOST}:{PORT}: {error}")
    with sock:
        listener = threading.Thread(target=listen, args=(sock,))
        listener.start()
        try:
            send_json(sock, {"type": "join", "user": nick})
            talk(sock)
        except OSError:
            listener.join()
        except KeyboardInterrupt:
            pass
        finally:
            hang_up(sock)
            listener.join()


if __name__ == "__main__":
    main()
