"""A table of handlers, looked up with what came as type: a list there is unhashable.

fails: 04.4
says: the server closed alice's connection after TypeError
"""
from __future__ import annotations

import socketserver
from collections.abc import Callable

from utils import recv_json, send_json

HANDLERS: dict[str, Callable] = {}


def on(kind: str):
    def register(function):
        HANDLERS[kind] = function
        return function
    return register


class Refused(Exception):
    pass


class Leave(Exception):
    pass


@on("join")
def join(session, obj):
    user = obj.get("user")
    if session.nick or not isinstance(user, str) or not 1 <= len(user.strip()) <= 32:
        raise Refused("join once, with a nick")
    session.nick = user.strip()
    return {"type": "system", "text": f"welcome, {session.nick}"}


@on("chat")
def chat(session, obj):
    text = obj.get("text")
    if not session.nick or not isinstance(text, str):
        raise Refused("join, then chat")
    return {"type": "chat", "user": session.nick, "text": text}


@on("leave")
def leave(session, obj):
    raise Leave


def unknown(session, obj):
    raise Refused("unknown type")


class Session(socketserver.BaseRequestHandler):
    nick = ""

    def handle(self):
        buffer = bytearray()
        try:
            while (obj := recv_json(self.request, buffer)) is not None:
                try:
                    reply = HANDLERS.get(obj.get("type"), unknown)(self, obj)  # <--
                except Refused as refusal:
                    reply = {"type": "system", "text": str(refusal)}
                send_json(self.request, reply)
        except (Leave, OSError, ValueError):
            pass


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    with Server(("127.0.0.1", 9090), Session) as server:
        server.serve_forever()
