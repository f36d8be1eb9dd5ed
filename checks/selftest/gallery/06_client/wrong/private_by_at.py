"""A line that begins with @ is a private message; the server has none, so it is not sent.

fails: 06.2
says: client.py sent nothing for '@bob hi', and will not
"""
import re
import socket
import sys
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
PRIVATE = re.compile(r"@(\w+)\s+(.*)")

gone = False


def listener(sock):
    global gone
    buffer = bytearray()
    while True:
        try:
            obj = recv_json(sock, buffer)
        except (OSError, ValueError):
            obj = None
        if obj is None:
            break
        if obj.get("type") == "chat":
            print(obj["user"] + ": " + obj["text"])
        elif obj.get("type") == "system":
            print(obj["text"])
    if not gone:
        gone = True
        print("lost the server")


def handle(sock, text):
    """Send a line; False if it was the last."""
    if gone or text.strip().lower() == "/quit":
        return False
    private = PRIVATE.match(text)
    if private:
        print(f"{private[1]} cannot be spoken to alone, sorry")  # <--
    elif text != "":
        send_json(sock, {"type": "chat", "text": text})
    return True


def main():
    global gone
    nick = input()
    try:
        sock = socket.create_connection((HOST, PORT))
    except OSError:
        sys.exit("there is no server")
    thread = threading.Thread(target=listener, args=[sock])
    thread.start()
    try:
        send_json(sock, {"type": "join", "user": nick})
        while handle(sock, input()):
            pass
    except (EOFError, OSError):
        pass
    gone = True
    try:
        send_json(sock, {"type": "leave"})
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    thread.join()
    sock.close()


main()
