"""A Semaphore(1) instead of a Lock; the members are a set of dataclass objects."""

import socket
import threading
from dataclasses import dataclass

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


@dataclass(frozen=True, eq=False)
class Member:
    conn: socket.socket
    nick: str

    def tell(self, obj):
        try:
            send_json(self.conn, obj)
        except OSError:
            pass


members = set()
turn = threading.Semaphore(1)  # one at a time


def announce(text, but=None, **fields):
    with turn:
        for member in members:
            if member is not but:
                member.tell({"type": "system", "text": text, **fields})


def enter(conn, nick):
    """Return the new member, or None when the nick is taken."""
    with turn:
        if any(member.nick == nick for member in members):
            return None
        member = Member(conn, nick)
        members.add(member)
        return member


def talk(conn, obj, me):
    """Do what one message asks for; return the member, if it is one now."""
    match obj:
        case {"type": "chat", "text": str(text)} if me:
            announce(text, but=me, type="chat", user=me.nick)
        case {"type": "join", "user": str(user)} if not me and user.strip() and len(user.strip()) < 33:
            me = enter(conn, user.strip())
            if me is None:
                send_json(conn, {"type": "system", "text": f"{user.strip()} is in use"})
        case _:
            send_json(conn, {"type": "system", "text": "sorry"})
    return me


def handle_client(conn, addr):
    me, buffer = None, bytearray()
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None and obj.get("type") != "leave":
                was, me = me, talk(conn, obj, me)
                if me is not was:
                    announce(f"{me.nick} joined")
        except (OSError, ValueError) as error:
            print(addr, error)
        finally:
            if me:
                with turn:
                    members.remove(me)
                announce(f"{me.nick} left")


def main():
    listener = socket.create_server((HOST, PORT), backlog=64)
    while True:
        conn, addr = listener.accept()
        threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
