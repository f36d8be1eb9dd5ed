"""Looks only at the beginning of the type: who says "joining" joins.

fails: 04.4
says: no system message came to alice
"""
import socket
import threading
from dataclasses import dataclass, field
from typing import Callable, TypedDict, Optional
from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Refused(Exception):
    pass


class Out(TypedDict, total=False):
    type: str
    user: str
    text: str


@dataclass
class Session:
    sock: socket.socket
    nick: Optional[str] = None
    open: bool = True
    buf: bytearray = field(default_factory=bytearray)

    def say(self, text: str) -> None:
        send_json(self.sock, Out(type="system", text=text))

    def on_join(self, m):
        if self.nick is not None:
            raise Refused("already joined")
        nick = self.need(m, "user").strip()
        if not 0 < len(nick) < 33:
            raise Refused("bad nick")
        self.nick = nick
        self.say(f"Willkommen, {nick}!")

    def on_chat(self, m):
        if self.nick is None:
            raise Refused("join first")
        send_json(self.sock, Out(type="chat", user=self.nick, text=self.need(m, "text")))

    def on_leave(self, m):
        if self.nick is None:
            raise Refused("you are not here")
        self.open = False

    @staticmethod
    def need(m, key):
        v = m.get(key)  # <--
        if not isinstance(v, str):
            raise Refused(f"{key} must be a string")
        return v

    def step(self, m):
        t = m.get("type")
        h = next((f for k, f in HANDLERS.items() if isinstance(t, str) and t.startswith(k)), None)
        try:
            if h is None:
                raise Refused("unknown type")
            h(self, m)
        except Refused as r:
            self.say(str(r))


HANDLERS: dict[str, Callable] = {"join": Session.on_join, "chat": Session.on_chat, "leave": Session.on_leave}


def handle(sock):
    s = Session(sock)
    try:
        while s.open and (m := recv_json(sock, s.buf)) is not None:
            s.step(m)
    except (OSError, ValueError):
        pass
    finally:
        sock.close()


def main():
    with socket.create_server((HOST, PORT), backlog=128) as ls:
        while True:
            c, _ = ls.accept()
            threading.Thread(target=handle, args=(c,), daemon=True).start()


if __name__ == "__main__":
    main()
