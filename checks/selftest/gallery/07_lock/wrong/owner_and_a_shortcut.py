"""One thread owns the members; whether a nick is free a client's thread looks up itself, before it asks the owner.

fails: 07.3
says: with no lock held
"""

import json
import queue
import socket
import threading

from utils import recv_json

HOST, PORT = "127.0.0.1", 9090

jobs = queue.SimpleQueue()


class Owner(threading.Thread):
    """Nobody else calls its methods: they are put into the queue with their arguments."""

    def __init__(self):
        super().__init__(name="owner", daemon=True)
        self.nicks = {}

    def run(self):
        while True:
            method, *args = jobs.get()
            try:
                method(self, *args)
            except Exception as error:  # one client's fault; the others go on
                print("owner:", repr(error))

    def post(self, obj, but=None):
        for conn in self.nicks:
            if conn is not but:
                self.reply(conn, obj)

    def reply(self, conn, obj):
        try:
            conn.sendall(json.dumps(obj).encode() + b"\n")
        except OSError:
            pass

    def system(self, text):
        return {"type": "system", "text": text}

    def message(self, conn, obj):
        nick = self.nicks.get(conn)
        match obj:
            case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                user = user.strip()
                if user in self.nicks.values():
                    self.reply(conn, self.system(f"{user} is here already, choose another nick"))
                else:
                    self.nicks[conn] = user
                    self.post(self.system(f"{user} is here"))
            case {"type": "chat", "text": str(text)} if nick is not None:
                self.post({"type": "chat", "user": nick, "text": text}, but=conn)
            case _:
                self.reply(conn, self.system("refused"))

    def gone(self, conn):
        with conn:
            nick = self.nicks.pop(conn, None)
            if nick is not None:
                self.post(self.system(f"{nick} is here no more"))


def read(conn, owner):
    buffer = bytearray()
    try:
        while (obj := recv_json(conn, buffer)) is not None and obj.get("type") != "leave":
            if obj.get("type") == "join" and obj.get("user") in owner.nicks.values():  # <--
                owner.reply(conn, owner.system("taken"))
            else:
                jobs.put((Owner.message, conn, obj))
    except (OSError, ValueError, RecursionError):
        pass
    finally:
        jobs.put((Owner.gone, conn))


def main():
    owner = Owner()
    owner.start()
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=read, args=(conn, owner), daemon=True).start()


if __name__ == "__main__":
    main()
