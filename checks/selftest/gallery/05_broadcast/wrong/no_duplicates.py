"""A guard against double clicks drops a chat that equals the one before.

fails: 05.2
says: no chat message came to
"""
from __future__ import annotations

import socketserver
import threading
from dataclasses import dataclass, field

from utils import recv_json, send_json


@dataclass(eq=False)
class Member:
    sock: object
    nick: str
    last: str | None = None

    def repeats(self, text: str) -> bool:
        again, self.last = text == self.last, text
        return again


@dataclass
class Room:
    members: dict[int, Member] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, message: dict, but: Member | None = None) -> None:
        with self.lock:
            targets = [m for m in self.members.values() if m is not but]
        for member in targets:
            try:
                send_json(member.sock, message)
            except OSError:
                pass

    def add(self, member: Member) -> None:
        with self.lock:
            self.members[id(member)] = member
        self.tell({"type": "system", "text": f"{member.nick} joined"})

    def drop(self, member: Member) -> None:
        with self.lock:
            gone = self.members.pop(id(member), None)
        if gone:
            self.tell({"type": "system", "text": f"{member.nick} left"})


room = Room()


class Handler(socketserver.BaseRequestHandler):
    member: Member | None = None

    def handle(self):
        buffer = bytearray()
        try:
            while (obj := recv_json(self.request, buffer)) is not None:
                match obj:
                    case {"type": "leave"}:
                        return
                    case {"type": "join", "user": str(user)} if not self.member and 1 <= len(user.strip()) <= 32:
                        self.member = Member(self.request, user.strip())
                        room.add(self.member)
                    case {"type": "chat", "text": str(text)} if self.member:
                        if self.member.repeats(text):
                            continue  # <--
                        room.tell({"type": "chat", "user": self.member.nick, "text": text}, but=self.member)
                    case _:
                        send_json(self.request, {"type": "system", "text": "refused"})
        except (OSError, ValueError) as error:
            print(error)

    def finish(self):
        if self.member:
            room.drop(self.member)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 128


with Server(("127.0.0.1", 9090), Handler) as server:
    server.serve_forever()
