"""A client with a show(template, *values): a system text is taken for the template.

fails: 06.1
says: client.py printed 'The server is gone. Enter ends this program.' and not '
"""

import socket
import sys
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
sys.stdout.reconfigure(errors="backslashreplace")  # half a character shows as an escape

closing = threading.Event()


def show(template, *values):
    """Fill the template and print it at once."""
    print(template.format(*values), flush=True)


def listen(sock):
    buffer = bytearray()
    try:
        while (obj := recv_json(sock, buffer)) is not None:
            if obj.get("type") == "chat":
                show("{}: {}", obj.get("user"), obj.get("text"))
            elif obj.get("type") == "system":
                show(obj.get("text"))  # <--
    except (OSError, ValueError, LookupError) as error:
        if not closing.is_set():
            show("lost: {}", error)
    if not closing.is_set():
        closing.set()
        show("The server is gone. Enter ends this program.")


def typed():
    """Yield what is typed, line by line, up to /quit."""
    for line in sys.stdin:
        line = line.removesuffix("\n")
        if line.strip().casefold() == "/quit":
            return
        yield line


def main():
    nick = input("Nick? ")
    try:
        sock = socket.create_connection((HOST, PORT))
    except OSError as error:
        show("No server at {}:{} ({})", HOST, PORT, error)
        sys.exit(2)
    thread = threading.Thread(target=listen, args=(sock,), name="listener")
    try:
        send_json(sock, {"type": "join", "user": nick})
        thread.start()
        for line in typed():
            if closing.is_set():
                break
            if line:
                send_json(sock, {"type": "chat", "text": line})
    except OSError:
        pass
    closing.set()
    try:
        send_json(sock, {"type": "leave"})
    except OSError:
        pass
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    if thread.ident:
        thread.join()
    sock.close()


if __name__ == "__main__":
    main()
