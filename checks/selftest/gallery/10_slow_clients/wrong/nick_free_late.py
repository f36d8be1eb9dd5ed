"""The leaving is told at once, but the nick is given free only when the outbox is through.

fails: 08.2
says: the nick 'bob' is still taken, though the others have been told
"""

import socket
import threading
from collections import deque
from dataclasses import dataclass, field

from utils import encode, recv_json

ADDRESS = ("127.0.0.1", 9090)
BOUND = 3_000_000  # bytes
LAST_WORDS = 0.5  # seconds

room_lock = threading.Lock()
room = {}  # nick -> Member


@dataclass(eq=False)
class Member:
    conn: socket.socket
    nick: str = ""
    waiting: deque = field(default_factory=deque)
    size: int = 0
    closing: bool = False
    changed: threading.Condition = field(default_factory=lambda: threading.Condition(room_lock))

    def post(self, data):
        """Only while room_lock is held."""
        if self.size + len(data) > BOUND:
            cut(self.conn)
            return
        self.waiting.append(data)
        self.size += len(data)
        self.changed.notify()

    def pump(self):
        while True:
            with room_lock:
                while not self.waiting and not self.closing:
                    self.changed.wait()
                if not self.waiting:
                    return
                data = b"".join(self.waiting)
                self.waiting.clear()
                self.size = 0
            try:
                self.conn.sendall(data)
            except OSError:
                cut(self.conn)


def cut(conn):
    try:
        conn.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def notice(text):
    return encode({"type": "system", "text": text})


def tell_room(data, but=None):
    """Only while room_lock is held."""
    for member in room.values():
        if member is not but:
            member.post(data)


def obey(member, obj):
    """Do what one message asks; False: it was the last one."""
    kind, user, text = obj.get("type"), obj.get("user"), obj.get("text")
    if kind == "leave":
        return False
    with room_lock:
        if kind == "chat" and member.nick and isinstance(text, str):
            tell_room(encode({"type": "chat", "user": member.nick, "text": text}), but=member)
        elif kind == "join" and not member.nick and isinstance(user, str) and 0 < len(user.strip()) < 33:
            nick = user.strip()
            if nick in room:
                member.post(notice(f"somebody is {nick} already"))
            else:
                member.nick = nick
                room[nick] = member
                tell_room(notice(f"welcome, {nick}"))
        else:
            member.post(notice("that is no message for me now"))
    return True


def serve(conn):
    member = Member(conn)
    pump = threading.Thread(target=member.pump, daemon=True)
    pump.start()
    inbuf = bytearray()
    try:
        while (obj := recv_json(conn, inbuf)) is not None and obey(member, obj):
            pass
    except (OSError, ValueError):
        pass
    finally:
        with room_lock:
            if member.nick:
                tell_room(notice(f"{member.nick} is gone"), but=member)
            member.closing = True
            member.changed.notify()
        pump.join(LAST_WORDS)
        cut(conn)
        pump.join()
        with room_lock:
            room.pop(member.nick, None)  # <--
        conn.close()


def main():
    with socket.create_server(ADDRESS, backlog=200) as door:
        while True:
            conn, _ = door.accept()
            threading.Thread(target=serve, args=(conn,), daemon=True).start()


main()
