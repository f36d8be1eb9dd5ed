"""The store is locked up in a Guarded object, which hands it out in a `with` only."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Guarded:
    """`with guarded as value:` is the only way to the value."""

    def __init__(self, value):
        self.__lock = threading.Lock()
        self.__value = value

    def __enter__(self):
        self.__lock.acquire()
        return self.__value

    def __exit__(self, *exc_info):
        self.__lock.release()
        return False


room = Guarded({})  # connection -> nick


def system(text):
    return {"type": "system", "text": text}


def broadcast(obj, but=None):
    with room as members:
        for conn in members.keys():
            if conn is not but:
                try:
                    send_json(conn, obj)
                except OSError:
                    pass


class ClientThread(threading.Thread):
    def __init__(self, conn):
        super().__init__(daemon=True)
        self.conn = conn
        self.nick = None
        self.buffer = bytearray()

    def run(self):
        try:
            while (obj := recv_json(self.conn, self.buffer)) is not None:
                if obj.get("type") == "leave":
                    break
                self.obey(obj)
        except (OSError, ValueError, RecursionError):
            pass
        finally:
            try:
                self.clean_up()
            finally:
                self.conn.close()

    def obey(self, obj):
        match obj:
            case {"type": "join", "user": str(user)} if self.nick is None and 1 <= len(user.strip()) <= 32:
                self.join_room(user.strip())
            case {"type": "chat", "text": str(text)} if self.nick is not None:
                broadcast({"type": "chat", "user": self.nick, "text": text}, but=self.conn)
            case _:
                send_json(self.conn, system("I cannot do that now"))

    def join_room(self, nick):
        with room as members:
            taken = nick in set(members.values())
            if not taken:
                members[self.conn] = nick
        if taken:
            send_json(self.conn, system(f"{nick} is taken"))
        else:
            self.nick = nick
            broadcast(system(f"{nick} joined the room"))

    def clean_up(self):
        with room as members:
            nick = members.pop(self.conn, None)
        if nick is not None:
            broadcast(system(f"{nick} left the room"))


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            ClientThread(conn).start()


if __name__ == "__main__":
    main()
