"""A Room whose dict is never changed: a new one is made under the lock, and readers keep the one that they got there."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from types import MappingProxyType

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Room:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._members: Mapping[str, socket.socket] = MappingProxyType({})

    @property
    def members(self) -> Mapping[str, socket.socket]:
        with self._lock:
            return self._members

    def enter(self, nick: str, conn: socket.socket) -> bool:
        with self._lock:
            if nick in self._members:
                return False
            self._members = MappingProxyType(self._members | {nick: conn})
            return True

    def exit(self, nick: str) -> None:
        with self._lock:
            self._members = MappingProxyType({other: conn for other, conn in self._members.items() if other != nick})

    def tell(self, message: dict, but: str | None = None) -> None:
        for nick, conn in self.members.items():
            if nick != but:
                try:
                    send_json(conn, message)
                except OSError:
                    pass


room = Room()


def refuse(conn: socket.socket, why: str) -> None:
    send_json(conn, {"type": "system", "text": why})


def converse(conn: socket.socket, buffer: bytearray) -> None:
    nick = None
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            match obj:
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    if room.enter(user.strip(), conn):
                        nick = user.strip()
                        room.tell({"type": "system", "text": f"{nick} entered"})
                    else:
                        refuse(conn, f"there is a {user.strip()} in the room")
                case {"type": "chat", "text": str(text)} if nick is not None:
                    room.tell({"type": "chat", "user": nick, "text": text}, but=nick)
                case {"type": "leave"}:
                    return
                case _:
                    refuse(conn, "not like that")
    finally:
        if nick is not None:
            room.exit(nick)
            room.tell({"type": "system", "text": f"{nick} exited"})


def handle_client(conn: socket.socket) -> None:
    with conn:
        try:
            converse(conn, bytearray())
        except (OSError, ValueError, RecursionError) as error:
            print(repr(error))


def main() -> None:
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
