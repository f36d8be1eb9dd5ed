"""Lesson 10: a full box is forgiven twice; only the third message that finds no room disconnects its member.

fails: 10.2
says: from alice did not come to ben
The first two are lost: a member that reads again before the third has missed something.
"""

import queue
import socket
import threading

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090
LIMIT = 500  # messages
STOP = None

room = {}  # nick -> Client
room_lock = threading.Lock()


def cut(conn):
    try:
        conn.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class Client:
    def __init__(self, conn):
        self.conn = conn
        self.nick = None
        self.strikes = 0
        self.buffer = bytearray()
        self.box = queue.Queue(maxsize=LIMIT)
        self.sender = threading.Thread(target=self.send_loop, daemon=True)
        self.sender.start()

    def send(self, obj):
        try:
            self.box.put_nowait(encode(obj))
        except queue.Full:
            self.strikes += 1
            if self.strikes >= 3:  # <-- and what is lost until then?
                cut(self.conn)

    def note(self, text):
        self.send({"type": "system", "text": text})

    def send_loop(self):
        while True:
            data = self.box.get()
            if data is STOP:
                break
            try:
                self.conn.sendall(data)
            except OSError:
                cut(self.conn)  # and throw the rest away, one by one

    def finish(self):
        try:
            self.box.put(STOP, timeout=1)
        except queue.Full:
            cut(self.conn)  # from now on each send fails at once, so there will be room
            self.box.put(STOP)
        self.sender.join(1)
        cut(self.conn)
        self.sender.join()


def to_room(obj, but=None):
    """Only under room_lock."""
    for other in room.values():
        if other is not but:
            other.send(obj)


def on_join(me, obj):
    user = obj.get("user")
    if me.nick is not None or not isinstance(user, str) or not 1 <= len(user.strip()) <= 32:
        me.note("this is not a good join")
        return
    user = user.strip()
    with room_lock:
        if user in room:
            me.note(user + " is here already")
        else:
            me.nick = user
            room[user] = me
            to_room({"type": "system", "text": "welcome " + user})


def on_chat(me, obj):
    text = obj.get("text")
    if me.nick is None or not isinstance(text, str):
        me.note("you can not say that")
        return
    with room_lock:
        to_room({"type": "chat", "user": me.nick, "text": text}, but=me)


def serve(conn):
    me = Client(conn)
    try:
        while True:
            obj = recv_json(conn, me.buffer)
            if obj is None or obj.get("type") == "leave":
                break
            if obj.get("type") == "join":
                on_join(me, obj)
            elif obj.get("type") == "chat":
                on_chat(me, obj)
            else:
                me.note("what?")
    except (OSError, ValueError):
        pass
    finally:
        with room_lock:
            if me.nick is not None:
                del room[me.nick]
                to_room({"type": "system", "text": me.nick + " went away"})
        me.finish()
        conn.close()


def main():
    server = socket.create_server((HOST, PORT), backlog=128)
    while True:
        conn, _ = server.accept()
        threading.Thread(target=serve, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
