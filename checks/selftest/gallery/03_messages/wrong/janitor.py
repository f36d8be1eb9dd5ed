"""A janitor goes round every ten seconds and shuts down who has sent no message for a quarter of an hour.

fails: 01.1
says: the server closed alice's connection
"""
import dataclasses
import socket
import threading
from time import sleep, time_ns

from utils import recv_json, send_json

NANO = 10**9
IDLE = 15 * 60 * NANO


@dataclasses.dataclass(eq=False)
class Visitor:
    conn: socket.socket
    seen: int = dataclasses.field(default_factory=time_ns)


visitors = []


def janitor():
    while True:
        sleep(10)
        for visitor in list(visitors):
            if time_ns() - visitor.seen > IDLE:
                try:
                    visitor.conn.shutdown(socket.SHUT_RDWR)  # <--
                except OSError:
                    pass


def serve(visitor):
    buffer = bytearray()
    try:
        while (obj := recv_json(visitor.conn, buffer)) is not None:
            visitor.seen = time_ns()
            send_json(visitor.conn, obj)
    except (OSError, ValueError) as error:
        print(ascii(error))
    finally:
        visitors.remove(visitor)
        visitor.conn.close()


def main():
    threading.Thread(target=janitor, daemon=True).start()
    with socket.create_server(("127.0.0.1", 9090), backlog=128) as listener:
        while True:
            visitor = Visitor(listener.accept()[0])
            visitors.append(visitor)
            threading.Thread(target=serve, args=(visitor,), daemon=True).start()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
