"""Lends the members through a context manager that releases after its yield, not in a finally, and sends the refusal inside.

fails: 07.4
says: waits for ever for `guard`
"""
import contextlib
import socket
import threading

from utils import recv_json, send_json


def make_store():
    people = {}
    guard = threading.Lock()

    @contextlib.contextmanager
    def borrow():
        guard.acquire()  # <--
        yield people
        guard.release()

    return borrow


members = make_store()


def shout(obj, but=()):
    with members() as people:
        for nick, sock in people.items():
            if nick not in but:
                with contextlib.suppress(OSError):
                    send_json(sock, obj)


def note(text):
    return {"type": "system", "text": text}


def serve(sock):
    me = None
    with contextlib.ExitStack() as stack:
        stack.enter_context(sock)
        stack.enter_context(contextlib.suppress(OSError, ValueError))
        buffer = bytearray()
        while True:
            obj = recv_json(sock, buffer)
            if obj is None:
                break
            match obj:
                case {"type": "leave"}:
                    break
                case {"type": "join", "user": str(name)} if me is None and name.strip() and len(name.strip()) <= 32:
                    name = name.strip()
                    with members() as people:
                        mine = people.setdefault(name, sock) is sock
                        if not mine:
                            send_json(sock, note(f"{name}: taken"))
                    if not mine:
                        continue
                    me = name
                    stack.callback(farewell, me)
                    shout(note(f"{me} comes in"))
                case {"type": "chat", "text": str(text)} if me is not None:
                    shout({"type": "chat", "user": me, "text": text}, but=(me,))
                case _:
                    send_json(sock, note("not understood"))


def farewell(nick):
    with members() as people:
        del people[nick]
    shout(note(f"{nick} goes out"))


def main():
    with socket.create_server(("127.0.0.1", 9090)) as s:
        while True:
            sock, _ = s.accept()
            threading.Thread(target=serve, args=[sock], daemon=True).start()


if __name__ == "__main__":
    main()
