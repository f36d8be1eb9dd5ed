"""Chat room with a time of grace: a leaving is announced two seconds later, unless the nick is back by then (then neither is announced).

fails: 05.1
says: no system message with 'bob' in it came to alice
"""
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
GRACE = 2.0


class Room:
    def __init__(self):
        self.lock = threading.Lock()
        self.members = {}
        self.pending = {}  # nick -> Timer that will announce the leaving

    def tell(self, obj, but=None):
        with self.lock:
            conns = [c for c in self.members if c is not but]
        for c in conns:
            try:
                send_json(c, obj)
            except OSError:
                pass

    def arrive(self, conn, nick):
        with self.lock:
            self.members[conn] = nick
            timer = self.pending.pop(nick, None)
        if timer is not None:
            timer.cancel()
            send_json(conn, {"type": "system", "text": f"{nick}, you are back"})
        else:
            self.tell({"type": "system", "text": f"{nick} arrived"})

    def depart(self, conn):
        with self.lock:
            nick = self.members.pop(conn, None)
            if nick is None:
                return
            timer = threading.Timer(GRACE, self.departed, [nick])
            timer.daemon = True
            self.pending[nick] = timer
        timer.start()

    def departed(self, nick):
        with self.lock:
            self.pending.pop(nick, None)
        self.tell({"type": "system", "text": f"{nick} departed"})


room = Room()


def client(conn):
    buffer = bytearray()
    nick = None
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            match obj:
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    nick = user.strip()  # <--
                    room.arrive(conn, nick)
                case {"type": "chat", "text": str(text)} if nick is not None:
                    room.tell({"type": "chat", "user": nick, "text": text}, but=conn)
                case {"type": "leave"}:
                    break
                case _:
                    send_json(conn, {"type": "system", "text": "no"})
    except (OSError, ValueError) as e:
        print(type(e).__name__)
    room.depart(conn)
    conn.close()


with socket.create_server((HOST, PORT), backlog=128) as listener:
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=client, args=(conn,), daemon=True).start()
        del conn
