"""Checks each message against a form; one with a field more than the form has is refused.

fails: 04.2
says: no chat message came to alice, only the system message 'this has not the right form'
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

FORMS = {
    "join": {"type": str, "user": str},
    "chat": {"type": str, "text": str},
    "leave": {"type": str},
}


def fits(obj):
    """Whether obj has the fields of its form, of the right kinds."""
    form = FORMS.get(str(obj.get("type")))
    if form is None or obj["type"] == "chat" and obj.keys() != form.keys():
        return False  # <--
    return all(isinstance(obj.get(key), kind) for key, kind in form.items())


def system(text):
    return {"type": "system", "text": text}


class Session:
    nick = None

    def answer(self, obj):
        if not fits(obj):
            return system("this has not the right form")
        if obj["type"] == "chat" and self.nick is not None:
            return {"type": "chat", "user": self.nick, "text": obj["text"]}
        if obj["type"] == "join" and self.nick is None and 1 <= len(obj["user"].strip()) <= 32:
            self.nick = obj["user"].strip()
            return system(f"welcome, {self.nick}")
        return system("not now")


def handle(conn, addr):
    session, buffer = Session(), bytearray()
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None and obj.get("type") != "leave":
                send_json(conn, session.answer(obj))
        except (OSError, ValueError) as error:
            print(addr, error)


if __name__ == "__main__":
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle, args=listener.accept(), daemon=True).start()
