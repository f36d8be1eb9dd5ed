"""No lock: the set of the members is handed from thread to thread through a queue, copied, and put back before any send."""

import contextlib
import queue
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

box = queue.SimpleQueue()


@contextlib.contextmanager
def room():
    """The room, while nobody else has it."""
    members = box.get()
    try:
        yield members
    finally:
        box.put(members)


class Member:
    def __init__(self, conn, nick):
        self.conn, self.nick = conn, nick

    def enter(self):
        with room() as members:
            if any(other.nick == self.nick for other in members):
                return False
            members.add(self)
            return True

    def exit(self):
        with room() as members:
            members.remove(self)
        self.to_all("system", text=f"{self.nick} exits")

    def to_all(self, kind, but=None, **fields):
        with room() as members:
            receivers = set(members)
        for member in receivers - {but}:
            with contextlib.suppress(OSError):
                send_json(member.conn, {"type": kind, **fields})


def serve(conn):
    buffer, me = bytearray(), None
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            match obj:
                case {"type": "join", "user": str(user)} if me is None and 1 <= len(user.strip()) <= 32:
                    wish = Member(conn, user.strip())
                    if wish.enter():
                        me = wish
                        me.to_all("system", text=f"{me.nick} enters")
                    else:
                        send_json(conn, {"type": "system", "text": f"{wish.nick} is on stage"})
                case {"type": "chat", "text": str(text)} if me:
                    me.to_all("chat", but=me, user=me.nick, text=text)
                case {"type": "leave"}:
                    break
                case _:
                    send_json(conn, {"type": "system", "text": "that is not in the play"})
    except (OSError, ValueError) as error:
        print(repr(error))
    finally:
        if me:
            me.exit()


def handle_client(conn, addr):
    with conn:
        serve(conn)


def main():
    box.put(set())
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle_client, args=listener.accept(), daemon=True).start()


if __name__ == "__main__":
    main()
