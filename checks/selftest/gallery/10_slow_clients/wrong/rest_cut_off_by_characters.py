"""What waits is kept as str, and what send() says, which is bytes, is cut off in characters: with a text that is not ASCII and a short write something is lost.

fails: 10.3
says: bob heard 'При' from alice first
"""

import socket
import threading
from collections import deque

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090
BOUND = 512 * 1024  # bytes that may be pending for one member
GRACE = 0.5


def system(text):
    return {"type": "system", "text": text}


class Member:
    """One connection: what is pending for it, and the thread that sends it."""

    def __init__(self, conn):
        self.conn = conn
        self.pending = deque()
        self.size = 0
        self.closing = False
        self.cond = threading.Condition()
        self.writer = threading.Thread(target=self.run, daemon=True)
        self.writer.start()

    def push(self, data):
        with self.cond:
            if self.size + len(data) > BOUND:
                self.cut()
            else:
                self.pending.append(data)
                self.size += len(data)
                self.cond.notify()

    def cut(self):
        try:
            self.conn.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def run(self):
        while True:
            with self.cond:
                while not self.pending and not self.closing:
                    self.cond.wait()
                if not self.pending:
                    return
                data = self.pending.popleft()
                self.size -= len(data)
            text = data.decode()
            try:
                while text:
                    text = text[self.conn.send(text.encode()):]  # <--
            except OSError:
                self.cut()
                return

    def finish(self):
        with self.cond:
            self.closing = True
            self.cond.notify()
        self.writer.join(GRACE)
        self.cut()
        self.writer.join()


class Room:
    """The members, nick to Member, and the lock that guards them."""

    def __init__(self):
        self.lock = threading.Lock()
        self.members = {}

    def enter(self, nick, member):
        with self.lock:
            if nick in self.members:
                return False
            self.members[nick] = member
            self.tell(system(f"{nick} has joined"))
            return True

    def say(self, nick, text):
        with self.lock:
            self.tell({"type": "chat", "user": nick, "text": text}, but=nick)

    def leave(self, nick):
        with self.lock:
            del self.members[nick]
            self.tell(system(f"{nick} has left"))

    def tell(self, obj, but=None):
        """Hold the lock."""
        data = encode(obj)
        for nick, member in self.members.items():
            if nick != but:
                member.push(data)


room = Room()


def serve(conn, addr):
    with conn:
        member = Member(conn)
        nick = None
        buffer = bytearray()
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                kind, text, user = obj.get("type"), obj.get("text"), obj.get("user")
                if kind == "leave":
                    break
                if kind == "chat" and nick is not None and isinstance(text, str):
                    room.say(nick, text)
                elif kind == "join" and nick is None and isinstance(user, str) and 1 <= len(user.strip()) <= 32:
                    if room.enter(user.strip(), member):
                        nick = user.strip()
                    else:
                        member.push(encode(system(f"{user.strip()} is taken")))
                else:
                    member.push(encode(system("that is not understood here")))
        except (OSError, ValueError):
            pass
        finally:
            if nick is not None:
                room.leave(nick)
            member.finish()


def main():
    with socket.create_server((HOST, PORT), backlog=128) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=serve, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
