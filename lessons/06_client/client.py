"""Lesson 06: the other end. What is typed is sent, what arrives is printed."""

import socket
import sys
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

over = threading.Event()  # the connection has ended, or is about to


def show(text):
    """Print a line; half a character, which no screen can show, as an escape."""
    print(text.encode(errors="backslashreplace").decode())


def listen(sock):
    """The listener thread: show what arrives, until the connection ends."""
    # TODO 1: show each message on a line of its own.
    # TODO 5: when it was the server that ended it, say so, and let the main thread know.


def talk(sock):
    """Send what is typed, until /quit, the end of the input, or the end of the connection."""
    for line in sys.stdin:
        text = line.rstrip("\n")
        # TODO 3: send it, unless it is empty; stop where the docstring says so.


def hang_up(sock):
    """Say goodbye and end the connection in both directions."""
    # TODO 4: send leave, and wake the listener, which waits in recv().


def main():
    """Ask for the nick, join, and talk while the listener thread listens."""
    nick = input("nick: ")
    # TODO 6: without a server print a clear line, and end with another exit code than 0.
    sock = socket.create_connection((HOST, PORT))
    with sock:
        # TODO 2: listen in a thread, which is no daemon, and join it at the end, also after an error.
        send_json(sock, {"type": "join", "user": nick})
        talk(sock)
        hang_up(sock)


if __name__ == "__main__":
    main()
