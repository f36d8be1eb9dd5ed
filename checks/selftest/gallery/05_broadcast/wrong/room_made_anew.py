"""When the last member has gone the room is made anew; who had connected before that still holds the old one.

fails: 05.1
says: no system message with 'late' in it came to early
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Room:
    """Those who are in it; it starts clean."""

    def __init__(self):
        self.people = {}

    def tell(self, obj, but=None):
        for conn in list(self.people):
            if conn is not but:
                try:
                    send_json(conn, obj)
                except OSError:
                    pass

    def system(self, text):
        self.tell({"type": "system", "text": text})


class Lobby:
    def __init__(self):
        self.room = Room()

    def visit(self, conn):
        room = self.room
        try:
            self.talk(conn, room)
        except (OSError, ValueError) as error:
            print(error)
        finally:
            nick = room.people.pop(conn, None)
            if nick is not None:
                room.system(f"{nick} has left")
                if not room.people and room is self.room:
                    self.room = Room()
            conn.close()

    def talk(self, conn, room):
        buffer = bytearray()
        while (obj := recv_json(conn, buffer)) is not None:
            nick = room.people.get(conn)
            match obj:
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    room.people[conn] = user.strip()  # <--
                    room.system(f"{user.strip()} has joined")
                case {"type": "chat", "text": str(text)} if nick is not None:
                    room.tell({"type": "chat", "user": nick, "text": text}, but=conn)
                case {"type": "leave"}:
                    return
                case _:
                    send_json(conn, {"type": "system", "text": "you cannot do that"})


def main():
    lobby = Lobby()
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=lobby.visit, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
