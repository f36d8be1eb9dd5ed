"""Takes every line that begins with /quit for /quit.

fails: 06.2
says: the server got
"""

import socket
import sys
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

over = threading.Event()  # the connection has ended, or is about to


def listen(sock):
    """The listener thread: print what arrives, until the connection ends."""
    buffer = bytearray()
    try:
        while (obj := recv_json(sock, buffer)) is not None:
            match obj:
                case {"type": "chat", "user": user, "text": text}:
                    print(f"{user}: {text}")
                case {"type": "system", "text": text}:
                    print(text)
    except (OSError, ValueError):
        pass  # broke off, or sent no message
    if not over.is_set():  # it was not we who ended it
        over.set()
        print("the server has gone; press Enter to end")


def talk(sock):
    """Send what is typed, until /quit, the end of the input, or the end of the connection."""
    for line in sys.stdin:
        text = line.rstrip("\n")
        if over.is_set() or text.strip().lower().startswith("/quit"):
            break
        if text:
            send_json(sock, {"type": "chat", "text": text})


def hang_up(sock):
    """Say goodbye and end the connection in both directions."""
    over.set()
    try:
        send_json(sock, {"type": "leave"})  # <--
        sock.shutdown(socket.SHUT_RDWR)  # wakes the listener in recv(); close() alone would not
    except OSError:
        pass  # the server was faster


def main():
    """Ask for the nick, join, and talk while the listener thread listens."""
    nick = input("nick: ")
    try:
        sock = socket.create_connection((HOST, PORT))
    except OSError as error:
        sys.exit(f"no server at {HOST}:{PORT}: {error}")  # prints it; the exit code is 1
    with sock:
        listener = threading.Thread(target=listen, args=(sock,))
        listener.start()
        try:
            send_json(sock, {"type": "join", "user": nick})
            talk(sock)
        except (OSError, KeyboardInterrupt):
            pass  # the server has gone, and the listener says so; or Ctrl-C
        finally:
            hang_up(sock)
            listener.join()


if __name__ == "__main__":
    main()
