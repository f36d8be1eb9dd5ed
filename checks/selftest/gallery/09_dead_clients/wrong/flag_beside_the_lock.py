"""Looks at a member's flag `alive` and turns it off without the lock: its own thread and a send may both find it on.

fails: 09.2
says: ValueError: list.remove(x): x not in list
"""
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import utils


class Member:
    def __init__(self, conn):
        self.conn = conn
        self.nick = None
        self.alive = False

    def send(self, obj):
        try:
            utils.send_json(self.conn, obj)
        except OSError:
            return self
        return None


class Room:
    def __init__(self):
        self.lock = threading.Lock()
        self.members = []

    def join(self, member, nick):
        with self.lock:
            if nick in (m.nick for m in self.members):
                return False
            member.nick, member.alive = nick, True
            self.members.append(member)
            return True

    def send(self, obj, sender=None, to_sender=False):
        with self.lock:
            if sender and not sender.alive:
                return
            audience = [m for m in self.members if to_sender or m is not sender]
        if not audience:
            return
        with ThreadPoolExecutor(min(4, len(audience))) as pool:
            dead = [m for m in pool.map(lambda m: m.send(obj), audience) if m]
        for member in dead:
            self.leave(member)

    def leave(self, member):
        pending = [member]
        while pending:
            m = pending.pop()
            if not m.alive:
                continue
            m.alive = False
            with self.lock:
                self.members.remove(m)  # <--
                rest = tuple(self.members)
            try:
                m.conn.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            pending.extend(r for r in rest if r.send({"type": "system", "text": f"{m.nick} left"}))


room = Room()


def client(conn, addr):
    member = Member(conn)
    buffer = bytearray()
    try:
        while True:
            m = utils.recv_json(conn, buffer)
            if m is None:
                return
            match m:
                case {"type": "leave"}:
                    return
                case {"type": "join", "user": str(user)} if member.nick is None and 1 <= len(user.strip()) <= 32:
                    if room.join(member, user.strip()):
                        room.send({"type": "system", "text": f"{member.nick} joined"}, member, True)
                    else:
                        member.send({"type": "system", "text": f"{user.strip()} is taken"})
                case {"type": "chat", "text": str(text)} if member.nick:
                    room.send({"type": "chat", "user": member.nick, "text": text}, member)
                case _:
                    member.send({"type": "system", "text": "eh?"})
    except (OSError, ValueError):
        pass
    finally:
        room.leave(member)
        conn.close()


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 9090)) as listener:
        while True:
            threading.Thread(target=client, args=listener.accept(), daemon=True).start()
