"""Copy on write: an immutable tuple of members, replaced under the lock and picked up under it."""
from __future__ import annotations

import socket
import threading
from typing import NamedTuple, Protocol

from utils import recv_json, send_json


class Sink(Protocol):
    def send(self, message: dict) -> None: ...


class Person(NamedTuple):
    nick: str
    conn: socket.socket

    def send(self, message: dict) -> None:
        send_json(self.conn, message)


class Roster:
    __slots__ = ("_guard", "_people")

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._people: tuple[Person, ...] = ()

    @property
    def people(self) -> tuple[Person, ...]:
        with self._guard:
            return self._people

    def enrol(self, person: Person) -> bool:
        with self._guard:
            if person.nick in (p.nick for p in self._people):
                return False
            self._people = (*self._people, person)
            return True

    def strike(self, person: Person) -> None:
        with self._guard:
            self._people = tuple(p for p in self._people if p is not person)


def publish(sinks: tuple[Sink, ...], message: dict) -> None:
    for sink in sinks:
        try:
            sink.send(message)
        except OSError:
            continue


def system(text: str) -> dict:
    return {"type": "system", "text": text}


def attend(conn: socket.socket, roster: Roster) -> None:
    me: Person | None = None
    buffer = bytearray()
    try:
        while (message := recv_json(conn, buffer)) is not None:
            match message:
                case {"type": "join", "user": str(user)} if me is None and 1 <= len(user.strip()) <= 32:
                    candidate = Person(user.strip(), conn)
                    if roster.enrol(candidate):
                        me = candidate
                        publish(roster.people, system(f"{me.nick} is enrolled"))
                    else:
                        send_json(conn, system(f"{candidate.nick} is enrolled already"))
                case {"type": "chat", "text": str(text)} if me is not None:
                    others = tuple(p for p in roster.people if p is not me)
                    publish(others, {"type": "chat", "user": me.nick, "text": text})
                case {"type": "leave"}:
                    break
                case _:
                    send_json(conn, system("not understood"))
    except (OSError, ValueError):
        pass
    finally:
        if me is not None:
            roster.strike(me)
            publish(roster.people, system(f"{me.nick} is struck off"))
        conn.close()


def main() -> None:
    roster = Roster()
    with socket.create_server(("127.0.0.1", 9090), backlog=128) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=attend, args=(conn, roster), daemon=True).start()


if __name__ == "__main__":
    main()
