"""Makes the tuple without the member who leaves from one that it has read before, and binds it under the lock: who has joined in between is out again.

fails: 07.3
says: 'hello carol-
"""
import socket
import threading
from typing import NamedTuple

from utils import recv_json, send_json


class Seat(NamedTuple):
    nick: str
    conn: socket.socket


seats: tuple[Seat, ...] = ()
lock = threading.Lock()


def sit_down(seat):
    global seats
    with lock:
        if seat.nick in {s.nick for s in seats}:
            return False
        seats = (*seats, seat)
    return True


def stand_up(seat):
    global seats
    rest = tuple(s for s in now() if s is not seat)  # <--
    with lock:
        seats = rest


def now():
    with lock:
        return seats


def tell(people, obj):
    for seat in people:
        try:
            send_json(seat.conn, obj)
        except OSError:
            pass


def handle_client(conn, addr):
    seat = None
    buffer = bytearray()
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "leave"}:
                        return
                    case {"type": "join", "user": str(user)} if seat is None and 1 <= len(user := user.strip()) <= 32:
                        wanted = Seat(user, conn)
                        if sit_down(wanted):
                            seat = wanted
                            tell(now(), {"type": "system", "text": f"* {user} joins"})
                        else:
                            tell([wanted], {"type": "system", "text": f"* {user} is taken"})
                    case {"type": "chat", "text": str(text)} if seat:
                        tell([s for s in now() if s is not seat], {"type": "chat", "user": seat.nick, "text": text})
                    case _:
                        tell([Seat("", conn)], {"type": "system", "text": "* that was no use"})
        except (OSError, ValueError):
            pass
        finally:
            if seat is not None:
                stand_up(seat)
                tell(now(), {"type": "system", "text": f"* {seat.nick} leaves"})


def main():
    with socket.create_server(("127.0.0.1", 9090)) as listener:
        while True:
            threading.Thread(target=handle_client, args=listener.accept(), daemon=True).start()


if __name__ == "__main__":
    main()
