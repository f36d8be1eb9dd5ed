"""A policy of nicks: "server", "system" and "admin" are reserved, so they count as taken.

fails: 04.1
says: no chat message came to walter
"""
from __future__ import annotations

import enum
import socket
import threading
from dataclasses import dataclass, field

from utils import recv_json, send_json

RESERVED_NICKS = frozenset({"server", "system", "admin"})


class JoinResult(enum.Enum):
    OK = enum.auto()
    TAKEN = enum.auto()


@dataclass
class NickRegistry:
    """Who is in the room. All methods are thread-safe."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _nicks: dict[str, socket.socket] = field(default_factory=dict)

    def try_join(self, nick: str, conn: socket.socket) -> JoinResult:
        with self._lock:
            if nick in self._nicks or nick.lower() in RESERVED_NICKS:  # <--
                return JoinResult.TAKEN
            self._nicks[nick] = conn
            return JoinResult.OK

    def leave(self, nick: str) -> None:
        with self._lock:
            self._nicks.pop(nick, None)

    def send(self, message: dict[str, str], *, exclude: str | None = None) -> None:
        with self._lock:
            for nick, conn in self._nicks.items():
                if nick != exclude:
                    try:
                        send_json(conn, message)
                    except OSError:
                        pass


def system_message(text: str) -> dict[str, str]:
    return {"type": "system", "text": text}


def client_session(conn: socket.socket, registry: NickRegistry) -> None:
    nick: str | None = None
    buffer = bytearray()
    try:
        while (message := recv_json(conn, buffer)) is not None:
            match message:
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    wanted = user.strip()
                    match registry.try_join(wanted, conn):
                        case JoinResult.OK:
                            nick = wanted
                            registry.send(system_message(f"{nick} has joined"))
                        case JoinResult.TAKEN:
                            send_json(conn, system_message(f"{wanted} is not available"))
                case {"type": "chat", "text": str(text)} if nick is not None:
                    registry.send({"type": "chat", "user": nick, "text": text}, exclude=nick)
                case {"type": "leave"}:
                    break
                case _:
                    send_json(conn, system_message("invalid message"))
    except (OSError, ValueError):
        pass
    finally:
        if nick is not None:
            registry.leave(nick)
            registry.send(system_message(f"{nick} has left"))
        conn.close()


def main() -> None:
    registry = NickRegistry()
    with socket.create_server(("127.0.0.1", 9090)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=client_session, args=(conn, registry), daemon=True).start()


if __name__ == "__main__":
    main()
