"""Each member has a lock for its sends besides the room's lock, which is released before that one is taken."""

import socket
import threading
from dataclasses import dataclass, field

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


@dataclass
class Member:
    conn: socket.socket
    nick: str
    sending: threading.Lock = field(default_factory=threading.Lock)

    def send(self, obj):
        with self.sending:
            send_json(self.conn, obj)


members = {}  # nick -> Member
lock = threading.Lock()


def system(text):
    return {"type": "system", "text": text}


def broadcast(obj, but=None):
    with lock:
        receivers = list(members.values())
    for member in receivers:
        if member is not but:
            try:
                member.send(obj)
            except OSError:
                pass


def join(conn, nick):
    """Return the new member, or None when the nick is taken."""
    member = Member(conn, nick)
    with lock:
        if members.setdefault(nick, member) is not member:
            return None
    return member


def leave(member):
    with lock:
        del members[member.nick]
    broadcast(system(f"{member.nick} has left"))


def handle_client(conn, addr):
    buffer = bytearray()
    me = None
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if me is None and 1 <= len(user.strip()) <= 32:
                        me = join(conn, user.strip())
                        if me:
                            broadcast(system(f"{me.nick} has joined"))
                        else:
                            send_json(conn, system(f"{user.strip()} is taken"))
                    case {"type": "chat", "text": str(text)} if me:
                        broadcast({"type": "chat", "user": me.nick, "text": text}, but=me)
                    case {"type": "leave"}:
                        break
                    case _ if me:
                        me.send(system("no"))
                    case _:
                        send_json(conn, system("join first"))
        except (OSError, ValueError) as error:
            print(addr, error)
        finally:
            if me:
                leave(me)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
