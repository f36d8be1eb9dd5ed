"""Asks full() and then puts without waiting, with no lock around both: who was slower gets queue.Full, and is thrown out himself.

fails: 10.1
says: did not come to carol
"""

import queue
import socket
import threading

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090
ROOM_FOR = 800  # messages in one queue

names = {}  # socket -> nick
queues = {}  # socket -> Queue
lock = threading.RLock()


def note(text):
    return encode({"type": "system", "text": text})


def hang_up(conn):
    try:
        conn.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def write(conn, q):
    """The writer thread."""
    alive = True
    while (data := q.get()) is not None:
        if alive:
            try:
                conn.sendall(data)
            except OSError:
                alive = False
                hang_up(conn)


def hand(conn, data):
    """Needs no lock: a queue has its own."""
    with lock:
        q = queues.get(conn)
    if q is None:
        return
    if q.full():
        hang_up(conn)
    else:
        q.put_nowait(data)  # <--


def to_all(data, but=None):
    with lock:
        there = [conn for conn in names if conn is not but]
    for conn in there:
        hand(conn, data)


def drop(conn):
    with lock:
        q = queues.pop(conn)
        nick = names.pop(conn, None)
    if nick is not None:
        to_all(note(nick + " has left the room"))
    return q


def answer(conn, obj):
    """Do what the message asks for; true when it is the last one."""
    match obj:
        case {"type": "leave"}:
            return True
        case {"type": "join", "user": str(user)} if 0 < len(user.strip()) <= 32:
            nick = user.strip()
            with lock:
                joined, taken = conn in names, nick in names.values()
                if not joined and not taken:
                    names[conn] = nick
            if joined:
                hand(conn, note("you have joined already"))
            elif taken:
                hand(conn, note(nick + " is somebody else"))
            else:
                to_all(note(nick + " has come in"))
        case {"type": "chat", "text": str(text)}:
            with lock:
                nick = names.get(conn)
            if nick is not None:
                to_all(encode({"type": "chat", "user": nick, "text": text}), but=conn)
            else:
                hand(conn, note("join first"))
        case _:
            hand(conn, note("what?"))
    return False


def read(conn):
    """The reader thread."""
    q = queue.Queue(ROOM_FOR)
    writer = threading.Thread(target=write, args=(conn, q), daemon=True)
    with conn:
        with lock:
            queues[conn] = q
        writer.start()
        buffer = bytearray()
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                if answer(conn, obj):
                    break
        except (OSError, ValueError, queue.Full):
            pass
        finally:
            drop(conn)
            end(conn, q, writer)


def end(conn, q, writer):
    """Nobody puts anything into q any more; what is in it may take a moment."""
    try:
        q.put(None, timeout=0.3)
    except queue.Full:
        hang_up(conn)  # the writer fails, and empties the queue
        q.put(None)
    writer.join(0.5)
    hang_up(conn)
    writer.join()


def main():
    with socket.create_server((HOST, PORT), backlog=200) as server:
        while True:
            conn, _ = server.accept()
            threading.Thread(target=read, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
