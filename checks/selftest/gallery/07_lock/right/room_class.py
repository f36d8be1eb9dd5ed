"""A class Room with a private lock and typed methods, which sends to its members while it holds it."""

from __future__ import annotations

import logging
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
log = logging.getLogger("room")


class NickTaken(Exception):
    pass


class Room:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._nicks: dict[socket.socket, str] = {}

    def _send_all(self, message: dict, but: socket.socket | None = None) -> None:
        for conn, nick in self._nicks.items():
            if conn is but:
                continue
            try:
                send_json(conn, message)
            except OSError as error:
                log.info("%s does not hear us: %s", nick, error)

    def add(self, conn: socket.socket, nick: str) -> None:
        with self._lock:
            if nick in self._nicks.values():
                raise NickTaken(nick)
            self._nicks[conn] = nick
            log.info("%d members", len(self._nicks))
            self._send_all({"type": "system", "text": f"{nick} joined"})

    def remove(self, conn: socket.socket) -> None:
        with self._lock:
            nick = self._nicks.pop(conn, None)
            if nick is not None:
                self._send_all({"type": "system", "text": f"{nick} left"})

    def chat(self, conn: socket.socket, text: str) -> None:
        """Raises KeyError when the connection is not a member's."""
        with self._lock:
            nick = self._nicks[conn]
            self._send_all({"type": "chat", "user": nick, "text": text}, but=conn)

    def __contains__(self, conn: socket.socket) -> bool:
        with self._lock:
            return conn in self._nicks


class Session:
    def __init__(self, room: Room, conn: socket.socket) -> None:
        self.room, self.conn = room, conn

    def reply(self, text: str) -> None:
        send_json(self.conn, {"type": "system", "text": text})

    def handle(self, message: dict) -> None:
        match message:
            case {"type": "join", "user": str(user)} if self.conn not in self.room and 1 <= len(user.strip()) <= 32:
                try:
                    self.room.add(self.conn, user.strip())
                except NickTaken as taken:
                    self.reply(f"the nick {taken} is taken")
            case {"type": "chat", "text": str(text)} if self.conn in self.room:
                self.room.chat(self.conn, text)
            case _:
                self.reply("this is not possible")

    def run(self) -> None:
        buffer = bytearray()
        with self.conn:
            try:
                while (message := recv_json(self.conn, buffer)) is not None and message.get("type") != "leave":
                    self.handle(message)
            except (OSError, ValueError, RecursionError) as error:
                log.info("broken off: %r", error)
            finally:
                self.room.remove(self.conn)


def main() -> None:
    logging.basicConfig(level=logging.INFO)
    room = Room()
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=Session(room, conn).run, daemon=True).start()


if __name__ == "__main__":
    main()
