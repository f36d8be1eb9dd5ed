"""ExitStack callbacks clean up; a Semaphore(1) in a context manager of its own guards an OrderedDict."""

import collections
import contextlib
import json
import socket
import threading

from utils import recv_json

HOST, PORT = "127.0.0.1", 9090


class Store:
    """`with store as members:` is the only way to the members."""

    def __init__(self):
        self._turn = threading.Semaphore(1)
        self._members = collections.OrderedDict()  # nick -> connection

    def __enter__(self):
        self._turn.acquire()
        return self._members

    def __exit__(self, *exc_info):
        self._turn.release()


store = Store()


def send(conn, obj):
    conn.sendall(json.dumps(obj).encode() + b"\n")


def shut(conn):
    with contextlib.suppress(OSError):
        conn.shutdown(socket.SHUT_RDWR)


def erase(nick, conn):
    """Return whether this very member was still there."""
    with store as members:
        if members.get(nick) is not conn:
            return False
        members.pop(nick)
        shut(conn)
        return True


def tell(obj, but=None):
    pending = collections.deque([obj])
    while pending:
        obj = pending.popleft()
        with store as members:
            copy = members.copy()
        for nick, conn in copy.items():
            if nick != but or obj["type"] == "system":
                try:
                    send(conn, obj)
                except OSError:
                    if erase(nick, conn):
                        pending.append({"type": "system", "text": f"{nick} was erased"})


def go(nick, conn):
    if erase(nick, conn):
        tell({"type": "system", "text": f"{nick} went away"})


def come(nick, conn, stack):
    with store as members:
        if nick in members:
            return False
        members[nick] = conn
        stack.callback(go, nick, conn)
    tell({"type": "system", "text": f"{nick} came along"})
    return True


def is_there(nick, conn):
    with store as members:
        return members.get(nick) is conn


def converse(conn, stack):
    buffer, nick = bytearray(), None
    while (obj := recv_json(conn, buffer)) is not None:
        match obj:
            case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                if come(user.strip(), conn, stack):
                    nick = user.strip()
                else:
                    send(conn, {"type": "system", "text": f"{user.strip()} came before you"})
            case {"type": "chat", "text": str(text)} if nick is not None:
                if not is_there(nick, conn):
                    return
                tell({"type": "chat", "user": nick, "text": text}, but=nick)
            case {"type": "leave"}:
                return
            case _:
                send(conn, {"type": "system", "text": "come again?"})


def handle_client(conn, addr):
    with contextlib.suppress(OSError, ValueError, RecursionError), contextlib.ExitStack() as stack:
        stack.callback(print, "closed", addr)
        stack.enter_context(conn)
        converse(conn, stack)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle_client, args=listener.accept(), daemon=True).start()


if __name__ == "__main__":
    main()
