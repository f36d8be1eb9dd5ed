"""The lock is a token in a queue: who has taken it may touch the members, and puts it back."""

import queue
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Token:
    def __init__(self):
        self._place = queue.Queue(maxsize=1)
        self._place.put("token")

    def __enter__(self):
        self._token = self._place.get()

    def __exit__(self, *error):
        self._place.put(self._token)


turn = Token()
people = []


def find(nick):
    return next((one for one in people if one["nick"] == nick), None)


def tell(text, *, to=None, but=None, user=None):
    obj = {"type": "system", "text": text} if user is None else {"type": "chat", "user": user, "text": text}
    if to is not None:
        return send_json(to, obj)
    with turn:
        conns = [one["conn"] for one in people]
    for conn in conns:
        if conn is but:
            continue
        try:
            send_json(conn, obj)
        except OSError:
            pass


def client(conn, addr, me=None):
    buffer = bytearray()
    try:
        for obj in iter(lambda: recv_json(conn, buffer), None):
            kind = obj.get("type")
            if kind == "leave":
                break
            if kind == "join" and me is None and isinstance(obj.get("user"), str) and 0 < len(nick := obj["user"].strip()) <= 32:
                with turn:
                    if not find(nick):
                        people.append(me := {"conn": conn, "nick": nick})
                tell(f"{nick} has sat down" if me else f"somebody sits there: {nick}", to=None if me else conn)
            elif kind == "chat" and me and isinstance(obj.get("text"), str):
                tell(obj["text"], but=conn, user=me["nick"])
            else:
                tell("pardon?", to=conn)
    except (OSError, ValueError):
        pass
    finally:
        if me:
            with turn:
                people.remove(me)
            tell(f"{me['nick']} has stood up")
        conn.close()


with socket.create_server((HOST, PORT)) as listener:
    while True:
        threading.Thread(target=client, args=listener.accept(), daemon=True).start()
