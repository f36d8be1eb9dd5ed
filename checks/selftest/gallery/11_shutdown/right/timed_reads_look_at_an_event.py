"""A SIGINT handler sets an event; every thread looks at it several times a second, so nobody has to be woken."""

import collections
import json
import signal
import socket
import struct
import threading

HOST, PORT = "127.0.0.1", 9090
BOUND = 600_000  # bytes
LONGEST = 65_536

stop = threading.Event()
guard = threading.RLock()
room = []  # of Members


class Member:
    def __init__(self, sock):
        self.sock, self.nick = sock, None
        self.condition = threading.Condition()
        self.pieces, self.size, self.no_more = collections.deque(), 0, False

    def tell(self, **obj):
        data = json.dumps(obj).encode() + b"\n"
        with self.condition:
            if self.size + len(data) > BOUND:
                self.cut()
                return
            self.pieces.append(data)
            self.size += len(data)
            self.condition.notify()

    def cut(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def sender(self):
        while True:
            with self.condition:
                while not self.pieces and not self.no_more:
                    self.condition.wait()
                if not self.pieces:
                    return
                data = self.pieces.popleft()
                self.size -= len(data)
            try:
                self.sock.sendall(data)
            except OSError:
                self.cut()


def serve(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 300_000))  # sends take as long as they take
    me = Member(sock)
    writer = threading.Thread(target=me.sender)
    writer.start()
    try:
        for line in read_lines(sock):
            if not one(me, line):
                break
    except (OSError, ValueError):
        pass
    with guard:
        if me in room:
            room.remove(me)
            if not stop.is_set():
                for other in room:
                    other.tell(type="system", text=f"{me.nick} left us")
    if stop.is_set():
        me.tell(type="system", text="we are closing, see you tomorrow")
    with me.condition:
        me.no_more = True
        me.condition.notify()
    writer.join(0.9)
    me.cut()
    writer.join()
    sock.close()


def read_lines(sock):
    rest = b""
    while not stop.is_set():
        line, newline, after = rest.partition(b"\n")
        if len(line) >= LONGEST:
            return
        if newline:
            rest = after
            yield line
            continue
        try:
            data = sock.recv(8192)
        except BlockingIOError:
            continue
        if not data:
            return
        rest += data


def one(me, line):
    obj = json.loads(line.decode())
    if not isinstance(obj, dict):
        return False
    kind, user, text = obj.get("type"), obj.get("user"), obj.get("text")
    if kind == "leave":
        return False
    if kind == "join" and me.nick is None and isinstance(user, str) and 0 < len(user.strip()) <= 32:
        with guard:
            if any(other.nick == user.strip() for other in room):
                me.tell(type="system", text=f"{user.strip()} is taken")
            else:
                me.nick = user.strip()
                room.append(me)
                for other in room:
                    other.tell(type="system", text=f"{me.nick} is new")
    elif kind == "chat" and me.nick is not None and isinstance(text, str):
        with guard:
            for other in room:
                if other is not me:
                    other.tell(type="chat", user=me.nick, text=text)
    else:
        me.tell(type="system", text="no")
    return True


def main():
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    listener = socket.create_server((HOST, PORT))
    listener.settimeout(0.2)
    while not stop.is_set():
        try:
            sock, _ = listener.accept()
        except TimeoutError:
            continue
        threading.Thread(target=serve, args=(sock,)).start()
    listener.close()


main()
