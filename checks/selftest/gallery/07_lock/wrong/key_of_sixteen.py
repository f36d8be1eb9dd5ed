"""The members are kept under the first sixteen characters of their nick: two long nicks that begin alike are one.

fails: 07.1
says: the nick 'aaaaaaaaaaaaaaaxbbbbbbbbbbbbbbby' was refused, though nobody in the room has just this one
"""

import socket
import threading
from dataclasses import dataclass

from utils import recv_json, send_json

lock = threading.Lock()


@dataclass(frozen=True, eq=False)
class Member:
    nick: str
    conn: socket.socket

    @property
    def key(self):
        return self.nick[:16]


members: dict[str, Member] = {}


def system(text):
    return {"type": "system", "text": text}


def publish(obj, but=None):
    with lock:
        for member in members.values():
            if member is not but:
                try:
                    send_json(member.conn, obj)
                except OSError:
                    pass


def serve(conn):
    me, buffer = None, bytearray()
    try:
        while (obj := recv_json(conn, buffer)) is not None:  # <--
            match obj:
                case {"type": "join", "user": str(user)} if not me and 1 <= len(user.strip()) <= 32:
                    new = Member(user.strip(), conn)
                    with lock:
                        if new.key not in members:
                            members[new.key] = me = new
                    if me:
                        publish(system(f"{me.nick} has come"))
                    else:
                        send_json(conn, system(f"{new.nick} is taken"))
                case {"type": "chat", "text": str(text)} if me:
                    publish({"type": "chat", "user": me.nick, "text": text}, but=me)
                case {"type": "leave"}:
                    break
                case _:
                    send_json(conn, system("no"))
    except (OSError, ValueError):
        pass
    finally:
        if me:
            with lock:
                del members[me.key]
            publish(system(f"{me.nick} has gone"))
        conn.close()


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 9090)) as listener:
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
