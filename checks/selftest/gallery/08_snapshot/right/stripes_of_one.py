"""Looks like striped locks and is one lock; non-blocking sockets, poll and recv_into; own framing."""

import json
import select
import socket
import threading

HOST, PORT = "127.0.0.1", 9090
MAX = 65536
STRIPES = 8

_one = threading.Lock()
stripes = [_one] * STRIPES  # to be split one day
table = {}  # nick -> Link


def stripe(key):
    return stripes[hash(key) % STRIPES]


class Link:
    """A non-blocking connection that waits with poll."""

    def __init__(self, sock):
        sock.setblocking(False)
        self.sock = sock
        self.fd = sock.fileno()
        self.chunk = bytearray(4096)
        self.buffer = bytearray()

    def wait(self, what):
        poller = select.poll()
        poller.register(self.fd, what)
        poller.poll(1000)

    def send(self, obj):
        rest = memoryview(json.dumps(obj).encode() + b"\n")
        while rest:
            try:
                rest = rest[self.sock.send(rest):]
            except BlockingIOError:
                self.wait(select.POLLOUT)

    def read(self):
        while True:
            try:
                n = self.sock.recv_into(self.chunk)
            except BlockingIOError:
                self.wait(select.POLLIN)
                continue
            return self.chunk[:n]

    def objects(self):
        """Yield the messages; end when the other side has gone or talks nonsense."""
        while True:
            line, newline, rest = self.buffer.partition(b"\n")
            if len(line) + 1 > MAX:
                return
            if newline:
                self.buffer = rest
                try:
                    obj = json.loads(line.decode())
                except (ValueError, RecursionError):
                    return
                if not isinstance(obj, dict):
                    return
                yield obj
            elif data := self.read():
                self.buffer += data
            else:
                return


def system(text):
    return {"type": "system", "text": text}


def tell_all(obj, but=None):
    with stripe(but):
        links = [link for link in table.values() if link is not but]
    for link in links:
        try:
            link.send(obj)
        except OSError:
            pass


def serve(sock):
    link = Link(sock)
    nick = None
    try:
        for obj in link.objects():
            kind = obj.get("type")
            if kind == "leave":
                break
            if kind == "join" and nick is None and isinstance(obj.get("user"), str) and 0 < len(obj["user"].strip()) <= 32:
                want = obj["user"].strip()
                with stripe(want):
                    if want not in table:
                        table[want] = link
                        nick = want
                if nick is None:
                    link.send(system("taken"))
                else:
                    tell_all(system(f"{nick} joins"))
            elif kind == "chat" and nick is not None and isinstance(obj.get("text"), str):
                tell_all({"type": "chat", "user": nick, "text": obj["text"]}, but=link)
            else:
                link.send(system("refused"))
    except OSError:
        pass
    finally:
        if nick is not None:
            with stripe(nick):
                del table[nick]
            tell_all(system(f"{nick} leaves"))
        try:
            sock.shutdown(socket.SHUT_RDWR)  # for one who polls it in order to send
        except OSError:
            pass
        sock.close()


def main():
    with socket.create_server((HOST, PORT), backlog=128) as listener:
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=serve, args=(sock,), daemon=True).start()


if __name__ == "__main__":
    main()
