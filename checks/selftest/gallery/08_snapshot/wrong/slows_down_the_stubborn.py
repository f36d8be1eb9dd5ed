"""Sleeps under the lock when somebody asks for a taken nick the third time.

fails: 08.1
says: the thread of wanda calls sleep
"""
import socket
import time
import threading
from collections import defaultdict
from utils import recv_json, send_json
HOST, PORT = "127.0.0.1", 9090
LOBBY = "lobby"
rooms = defaultdict(dict)      # room -> {nick: conn}
rooms_lock = threading.Lock()

def everyone_in(room, except_nick=None):
    with rooms_lock:
        todo = [(n, c) for n, c in rooms[room].items() if n != except_nick]
    for pair in todo:
        yield pair

def system(s): return {"type": "system", "text": s}

def to_room(room, obj, except_nick=None):
    lost = 0
    for n, c in everyone_in(room, except_nick):
        try:
            send_json(c, obj)
        except OSError:
            lost += 1
    return lost

class Client:
    def __init__(self, conn):
        self.conn, self.room, self.nick = conn, None, None
        self.tries = 0

    def enter(self, room, nick):
        with rooms_lock:
            if any(nick in r for r in rooms.values()):
                self.tries += 1
                if self.tries >= 3:
                    time.sleep(1)  # <--
                return False
            rooms[room][nick] = self.conn
            self.room, self.nick = room, nick
        return True

    def exit(self):
        with rooms_lock:
            if self.room is None:
                return
            del rooms[self.room][self.nick]
            if not rooms[self.room]:
                del rooms[self.room]
        to_room(self.room, system(f"{self.nick} left {self.room}"))

    def run(self):
        buf = bytearray()
        while True:
            m = recv_json(self.conn, buf)
            if m is None: break
            typ = m.get("type")
            if typ == "leave": break
            if typ == "join" and self.room is None and isinstance(m.get("user"), str) and 1 <= len(m["user"].strip()) <= 32:
                if self.enter(LOBBY, m["user"].strip()):
                    to_room(self.room, system(f"{self.nick} entered {self.room}"))
                else:
                    send_json(self.conn, system("that nick is in use"))
            elif typ == "chat" and self.room and isinstance(m.get("text"), str):
                to_room(self.room, {"type": "chat", "user": self.nick, "text": m["text"]}, self.nick)
            else:
                send_json(self.conn, system("pardon?"))

def thread(conn):
    cl = Client(conn)
    with conn:
        try:
            cl.run()
        except (OSError, ValueError):
            pass
        finally:
            cl.exit()

def main():
    with socket.create_server((HOST, PORT)) as l:
        while True:
            c, _ = l.accept()
            threading.Thread(target=thread, args=(c,), daemon=True).start()
if __name__ == "__main__":
    main()
