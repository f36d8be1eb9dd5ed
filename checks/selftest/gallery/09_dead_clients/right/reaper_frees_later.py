"""A janitor with an Event frees the nicks, a little after the members' connections have been closed; it clears the Event before it looks.
"""
import logging
import socket
import threading

from utils import recv_json, send_json

logging.basicConfig(level=logging.INFO, format="%(threadName)s %(message)s")


class Janitor(threading.Thread):
    def __init__(self, room):
        super().__init__(name="janitor", daemon=True)
        self.room = room
        self.work = threading.Event()

    def run(self):
        while True:
            self.work.wait()
            self.work.clear()
            self.room.sweep()


class Room:
    def __init__(self):
        self.lock = threading.Lock()
        self.members = {}
        self.dead = set()
        self.janitor = Janitor(self)
        self.janitor.start()

    def enter(self, nick, conn):
        with self.lock:
            if nick in self.members:
                return False
            self.members[nick] = conn
        logging.info("%s in", nick)
        return True

    def lost(self, nick, conn):
        with self.lock:
            if self.members.get(nick) is conn:
                self.dead.add(nick)
        self.janitor.work.set()

    def sweep(self):
        with self.lock:
            gone = [(nick, self.members.pop(nick)) for nick in self.dead]
            self.dead.clear()
        for nick, conn in gone:
            logging.info("%s out", nick)
            try:
                conn.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self.tell({"type": "system", "text": f"{nick} has left the building"})

    def tell(self, obj, author=None):
        with self.lock:
            everybody = sorted(self.members.items())
        for nick, conn in everybody:
            if nick == author:
                continue
            try:
                send_json(conn, obj)
            except OSError:
                logging.info("lost %s", nick)
                self.lost(nick, conn)

    def here(self, nick, conn):
        with self.lock:
            return self.members.get(nick) is conn and nick not in self.dead


def session(room, conn):
    nick, buffer = None, bytearray()
    with conn:
        try:
            while (m := recv_json(conn, buffer)) is not None:
                match m:
                    case {"type": "leave"}:
                        break
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        if room.enter(user.strip(), conn):
                            nick = user.strip()
                            room.tell({"type": "system", "text": f"{nick} has entered the building"})
                        else:
                            send_json(conn, {"type": "system", "text": f"{user.strip()} is in the building"})
                    case {"type": "chat", "text": str(text)} if nick:
                        if room.here(nick, conn):
                            room.tell({"type": "chat", "user": nick, "text": text}, nick)
                    case _:
                        send_json(conn, {"type": "system", "text": "what?"})
        except (OSError, ValueError):
            pass
        finally:
            if nick:
                room.lost(nick, conn)


if __name__ == "__main__":
    room = Room()
    with socket.create_server(("127.0.0.1", 9090)) as listener:
        while True:
            threading.Thread(target=session, args=(room, listener.accept()[0]), daemon=True).start()
