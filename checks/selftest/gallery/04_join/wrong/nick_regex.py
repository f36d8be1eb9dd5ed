"""A regular expression for nicks, which lets no blanks, hyphens or dots pass.

fails: 04.1
says: no system message with 'bob  the builder' in it came to alice
"""
from __future__ import annotations

import re
import socketserver
from functools import lru_cache

from utils import recv_json, send_json

NICK = re.compile(r"\w{1,32}")


@lru_cache(maxsize=1024)
def clean(raw: str) -> str | None:
    found = NICK.fullmatch(raw.strip())  # <--
    return found and found.group()


class Chat(socketserver.BaseRequestHandler):
    nick: str | None = None

    def say(self, text: str) -> None:
        send_json(self.request, {"type": "system", "text": text})

    def handle(self) -> None:
        buffer = bytearray()
        try:
            while (obj := recv_json(self.request, buffer)) is not None:
                match obj:
                    case {"type": "leave"}:
                        return
                    case {"type": "join", "user": str(raw)} if not self.nick:
                        self.nick = clean(raw)
                        self.say(f"welcome {self.nick}" if self.nick else "not a valid nick")
                    case {"type": "chat", "text": str(text)} if self.nick:
                        send_json(self.request, {"type": "chat", "user": self.nick, "text": text})
                    case _:
                        self.say("refused")
        except (OSError, ValueError) as error:
            print(error)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 100


with Server(("127.0.0.1", 9090), Chat) as server:
    server.serve_forever()
