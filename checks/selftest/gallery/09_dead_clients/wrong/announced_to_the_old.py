"""The leaving is told to those who were to hear the message that found it, and to its speaker.

fails: 09.2
says: no system message with 'bob' in it came to dave

Who has joined between is a member, remains, and is not told.
"""

import socket
import threading
from dataclasses import dataclass

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


@dataclass(eq=False)
class Member:
    conn: socket.socket
    nick: str


members: list[Member] = []
lock = threading.Lock()


def system(text):
    return {"type": "system", "text": text}


def announce(obj, but=None):
    """Tell all but one; whoever cannot be told is taken out, and that is told, too."""
    with lock:
        everybody = list(members)
    pending = [(obj, but)]
    while pending:
        obj, but = pending.pop()
        audience = [member for member in everybody if member is not but]
        dead = []
        for member in audience:
            try:
                send_json(member.conn, obj)
            except OSError:
                dead.append(member)
        everybody = [member for member in everybody if member not in dead]
        pending += [(system(f"{member.nick} has left"), None) for member in take_out(dead)]


def take_out(dead):
    """Take these out of the room; return those who were still in."""
    with lock:
        gone = [member for member in dead if member in members]
        for member in gone:
            members.remove(member)
    for member in gone:
        try:
            member.conn.shutdown(socket.SHUT_RDWR)  # <--
        except OSError:
            pass
    return gone


def take_in(conn, nick):
    """Return the new member, or None if the nick is taken."""
    with lock:
        if any(member.nick == nick for member in members):
            return None
        member = Member(conn, nick)
        members.append(member)
        return member


def is_in(member):
    with lock:
        return member in members


def handle_client(conn, addr):
    me = None
    buffer = bytearray()
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if me is None and 1 <= len(user.strip()) <= 32:
                        nick = user.strip()
                        me = take_in(conn, nick)
                        if me is None:
                            send_json(conn, system(f"{nick} is taken"))
                        else:
                            announce(system(f"{nick} has joined"))
                    case {"type": "chat", "text": str(text)} if me is not None:
                        if not is_in(me):
                            break
                        announce({"type": "chat", "user": me.nick, "text": text}, but=me)
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, system("not now"))
        except (OSError, ValueError) as error:
            print(addr, error)
        finally:
            if me is not None:
                for member in take_out([me]):
                    announce(system(f"{member.nick} has left"))


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
