"""Members in a defaultdict of sets and an OrderedDict of nicks, both under one lock; an ExitStack cleans up."""

import contextlib
import socket
import threading
from collections import OrderedDict, defaultdict

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

rooms = defaultdict(set)  # name of a room -> nicks
nicks = OrderedDict()  # nick -> connection
lock = threading.RLock()
LOBBY = "lobby"


def notice(text):
    return {"type": "system", "text": text}


def enter(conn, nick):
    with lock:
        if nicks.setdefault(nick, conn) is not conn:
            return False
        rooms[LOBBY].add(nick)
        nicks.move_to_end(nick)
        return True


def leave(conn, nick):
    """Return whether this was still the connection's nick."""
    with lock:
        if nicks.get(nick) is not conn:
            return False
        del nicks[nick]
        rooms[LOBBY] -= {nick}
        return True


def receivers(but):
    with lock:
        return [(nick, nicks[nick]) for nick in rooms[LOBBY] if nicks[nick] is not but]


def publish(obj, but=None):
    news = [(obj, but)]
    while news:
        obj, but = news.pop(0)
        for nick, conn in receivers(but):
            try:
                send_json(conn, obj)
            except OSError:
                if leave(conn, nick):
                    with contextlib.suppress(OSError):
                        conn.shutdown(socket.SHUT_RDWR)
                    news.append((notice(f"{nick} was lost"), None))


def goodbye(conn, nick):
    if leave(conn, nick):
        publish(notice(f"{nick} left"))


def serve(conn):
    buffer = bytearray()
    with conn, contextlib.ExitStack() as stack, contextlib.suppress(OSError, ValueError):
        nick = None
        while (obj := recv_json(conn, buffer)) is not None:
            match obj:
                case {"type": "leave"}:
                    return
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    if enter(conn, user.strip()):
                        nick = user.strip()
                        stack.callback(goodbye, conn, nick)
                        publish(notice(f"{nick} entered"))
                    else:
                        send_json(conn, notice(f"{user.strip()} is in use"))
                case {"type": "chat", "text": str(text)} if nick is not None:
                    with lock:
                        alive = nicks.get(nick) is conn
                    if alive:
                        publish({"type": "chat", "user": nick, "text": text}, but=conn)
                case _:
                    send_json(conn, notice("wrong"))


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=serve, args=(conn,), daemon=True).start()


main()
