"""A client that knows three spellings of /quit.

fails: 06.3
says: client.py still runs
"""
import socket
import sys
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

over = threading.Event()


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


QUIT = {"/quit", "/Quit", "/QUIT"}


def talk(sock):
    for line in iter(sys.stdin.readline, ""):  # <--
        text = line.removesuffix("\n")
        if over.is_set() or text.strip() in QUIT:
            break
        if text:
            send_json(sock, {"type": "chat", "text": text})


def hang_up(sock):
    """Say goodbye and end the connection in both directions."""
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
        except (OSError, KeyboardInterrupt):
            pass
        finally:
            hang_up(sock)
            listener.join()


if __name__ == "__main__":
    main()
