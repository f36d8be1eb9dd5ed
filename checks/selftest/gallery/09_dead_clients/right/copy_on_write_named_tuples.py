"""The members are a tuple of named tuples, replaced under the lock; the dead of one broadcast are taken out at once."""

import json
import socket
import threading
from typing import NamedTuple

from utils import recv_json

HOST, PORT = "127.0.0.1", 9090


class Member(NamedTuple):
    nick: str
    conn: socket.socket


room = ()
lock = threading.Lock()


def put_in(member):
    global room
    with lock:
        if member.nick in (nick for nick, _ in room):
            return False
        room = (*room, member)
        return True


def take_out(members):
    """Return those of them that were still in; their connections are shut down."""
    global room
    with lock:
        out = [member for member in room if member in members]
        room = tuple(member for member in room if member not in members)
        for member in out:
            try:
                member.conn.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        return out


def inside():
    with lock:
        return room


def send(conn, obj):
    conn.sendall(json.dumps(obj).encode() + b"\n")


def failed(members, obj):
    """Send to these members; return those that are dead."""
    dead = []
    for member in members:
        try:
            send(member.conn, obj)
        except OSError:
            dead.append(member)
    return dead


def say_goodbye(members):
    """Take these members out and announce it, and all others that are found dead by that."""
    out = take_out(members)
    while out:
        dead = []
        for member in out:
            dead += failed(inside(), {"type": "system", "text": f"goodbye, {member.nick}"})
        out = take_out(dead)


def converse(conn, buffer):
    me = None
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            match obj:
                case {"type": "join", "user": str(user)} if me is None and 1 <= len(user.strip()) <= 32:
                    wish = Member(user.strip(), conn)
                    if put_in(wish):
                        me = wish
                        say_goodbye(failed(inside(), {"type": "system", "text": f"hello, {me.nick}"}))
                    else:
                        send(conn, {"type": "system", "text": f"{wish.nick} has been greeted already"})
                case {"type": "chat", "text": str(text)} if me:
                    now = inside()
                    if me not in now:
                        break
                    say_goodbye(failed(set(now) - {me}, {"type": "chat", "user": me.nick, "text": text}))
                case {"type": "leave"}:
                    break
                case _:
                    send(conn, {"type": "system", "text": "how rude"})
    finally:
        if me:
            say_goodbye([me])


def handle_client(conn):
    with conn:
        try:
            converse(conn, bytearray())
        except (OSError, ValueError, RecursionError) as error:
            print(repr(error))


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
