"""When only one remains the leaving is told to it with the lock held ("nobody else needs it").

fails: 08.1
says: the thread of bob calls send
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def system(text):
    return {"type": "system", "text": text}


class Room:
    def __init__(self):
        self.lock = threading.RLock()
        self.members = {}

    def join(self, conn, nick):
        with self.lock:
            if nick in self.members.values():
                return False
            self.members[conn] = nick
            return True

    def broadcast(self, sender, obj, back=False):
        with self.lock:
            if sender not in self.members:
                return
            targets = [conn for conn in self.members if back or conn is not sender]
        self.remove([conn for conn in targets if not self.send(conn, obj)])

    def send(self, conn, obj):
        try:
            send_json(conn, obj)
        except OSError:
            return False
        return True

    def remove(self, dead):
        while dead:
            with self.lock:
                gone = [(conn, self.members.pop(conn)) for conn in dead if conn in self.members]
                rest = list(self.members)
                dead = []
                if len(rest) == 1:
                    for _, nick in gone:
                        if not self.send(rest[0], system(f"{nick} has left, you are alone")):  # <--
                            dead = rest
            for conn, nick in gone:
                try:
                    conn.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                if len(rest) > 1:
                    dead += [other for other in rest if not self.send(other, system(f"{nick} has left"))]


def serve(room, conn):
    nick, buffer = None, bytearray()
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        if room.join(conn, user.strip()):
                            nick = user.strip()
                            room.broadcast(conn, system(f"{nick} has joined"), back=True)
                        else:
                            send_json(conn, system(f"{user.strip()} is taken"))
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        room.broadcast(conn, {"type": "chat", "user": nick, "text": text})
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, system("no"))
        except (OSError, ValueError):
            pass
        finally:
            room.remove([conn])


if __name__ == "__main__":
    room = Room()
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=serve, args=(room, listener.accept()[0]), daemon=True).start()
