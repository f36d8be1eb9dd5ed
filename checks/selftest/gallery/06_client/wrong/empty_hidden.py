"""Chat client that does not show chats without a text.

fails: 06.1
says: client.py printed nothing new, and will not
"""
import socket
import sys
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

closed = threading.Event()


def say(*words):
    print(*words, flush=True)


def clean(text):
    """Half characters cannot be shown."""
    return str(text).encode("utf-8", "backslashreplace").decode("utf-8")


class Inbox(threading.Thread):
    def __init__(self, sock):
        super().__init__(name="inbox")
        self.sock = sock

    def run(self):
        buffer = bytearray()
        try:
            while (m := recv_json(self.sock, buffer)) is not None:
                self.show(m)
        except (OSError, ValueError):
            pass
        if not closed.is_set():
            closed.set()
            say("The server has closed the connection.")

    def show(self, m):
        if not m.get("text"):
            return  # <--
        if m.get("type") == "chat":
            say(clean(m.get("user")) + ": " + clean(m.get("text")))
        elif m.get("type") == "system":
            say(clean(m.get("text")))


class Outbox:
    def __init__(self, sock):
        self.sock = sock

    def join(self, nick):
        send_json(self.sock, {"type": "join", "user": nick})

    def chat(self, text):
        send_json(self.sock, {"type": "chat", "text": text})

    def typed(self):
        for line in sys.stdin:
            text = line.rstrip("\n")
            if closed.is_set() or text.strip().lower() == "/quit":
                return
            if text:
                self.chat(text)

    def leave(self):
        closed.set()
        try:
            send_json(self.sock, {"type": "leave"})
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def main():
    nick = input("Nick: ")
    try:
        sock = socket.create_connection((HOST, PORT))
    except OSError as error:
        say("No server:", error)
        return 1
    inbox, outbox = Inbox(sock), Outbox(sock)
    inbox.start()
    try:
        outbox.join(nick)
        outbox.typed()
    except (OSError, KeyboardInterrupt):
        pass
    outbox.leave()
    inbox.join()
    sock.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
