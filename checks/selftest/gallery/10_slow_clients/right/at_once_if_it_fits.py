"""Sends at once what fits, without blocking and under the member's own lock; only the rest goes to the outbox and its writer."""

import socket
import threading

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090
MOST = 300_000

lock = threading.Lock()
people = {}  # connection -> (nick, Line)


class Line:
    def __init__(self, conn):
        self.conn, self.rest, self.over = conn, b"", False
        self.turn = threading.Condition(threading.Lock())

    def say(self, obj):
        data = encode(obj)
        with self.turn:
            if not self.rest:
                data = data[self.send_some(data):]
            if len(self.rest) + len(data) > MOST:
                self.cut()
            elif data:
                self.rest += data
                self.turn.notify_all()

    def send_some(self, data):
        """Send what fits; return how many bytes that were. The caller has its turn."""
        try:
            return self.conn.send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0
        except OSError:
            self.cut()
            return len(data)

    def write(self):
        """The writer: waits for room with a look at a time, and for something to send without any."""
        while True:
            with self.turn:
                self.turn.wait_for(lambda: self.rest or self.over)
                if not self.rest:
                    return
                sent = self.send_some(self.rest)
                self.rest = self.rest[sent:]
                if not sent:
                    self.turn.wait(0.02)

    def cut(self):
        self.rest, self.over = b"", True
        self.turn.notify_all()
        try:
            self.conn.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def end(self, writer):
        with self.turn:
            self.over = True
            self.turn.notify_all()
        writer.join(0.5)
        with self.turn:
            self.cut()
        writer.join()


def say_to_all(obj, but=None):
    """The caller holds the lock; nothing in here waits."""
    for conn, (_, line) in people.items():
        if conn is not but:
            line.say(obj)


def handle(conn, addr):
    line, buffer = Line(conn), bytearray()
    writer = threading.Thread(target=line.write, daemon=True)
    writer.start()
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            with lock:
                me = people.get(conn)
                match obj:
                    case {"type": "join", "user": str(user)} if not me and 1 <= len(user.strip()) <= 32:
                        if user.strip() in [nick for nick, _ in people.values()]:
                            line.say({"type": "system", "text": "this name is given away"})
                        else:
                            people[conn] = user.strip(), line
                            say_to_all({"type": "system", "text": f"{user.strip()} picks up"})
                    case {"type": "chat", "text": str(text)} if me:
                        say_to_all({"type": "chat", "user": me[0], "text": text}, but=conn)
                    case {"type": "leave"}:
                        break
                    case _:
                        line.say({"type": "system", "text": "pardon?"})
    except (OSError, ValueError, RecursionError):
        pass
    finally:
        with lock:
            me = people.pop(conn, None)
            if me:
                say_to_all({"type": "system", "text": f"{me[0]} hangs up"})
        line.end(writer)
        conn.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle, args=listener.accept(), daemon=True).start()


if __name__ == "__main__":
    main()
