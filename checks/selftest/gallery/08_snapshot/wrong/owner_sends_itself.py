"""One thread owns the members, takes its work from a PriorityQueue, and sends itself: while one send is stuck, nobody joins or leaves.

fails: 08.2
says: while a send to bob is stuck, dave joins: dave gets no answer
"""

import itertools
import queue
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
DEATH, WORK = 0, 1

work = queue.PriorityQueue()
order = itertools.count()


def do(priority, function, *args):
    work.put((priority, next(order), function, args))


class Owner:
    def __init__(self):
        self.nicks = {}

    def run(self):
        while True:
            _, _, function, args = work.get()
            try:
                function(self, *args)
            finally:
                work.task_done()

    def join(self, conn, nick, answer):
        free = nick not in self.nicks.values()
        if free:
            self.nicks[conn] = nick
            self.post({"type": "system", "text": f"{nick} is with us"})
        answer.put(free)

    def post(self, obj, but=None):
        if but is not None and but not in self.nicks:
            return
        for conn in self.nicks:
            if conn is not but:
                try:
                    send_json(conn, obj)  # <--
                except OSError:
                    do(DEATH, Owner.bury, conn)

    def bury(self, conn):
        nick = self.nicks.pop(conn, None)
        if nick is not None:
            try:
                conn.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self.post({"type": "system", "text": f"{nick} is no longer with us"})


def serve(conn):
    buffer, nick, answer = bytearray(), None, queue.SimpleQueue()
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None and obj.get("type") != "leave":
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        do(WORK, Owner.join, conn, user.strip(), answer)
                        if answer.get():
                            nick = user.strip()
                        else:
                            send_json(conn, {"type": "system", "text": f"{user.strip()} is taken"})
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        do(WORK, Owner.post, {"type": "chat", "user": nick, "text": text}, conn)
                    case _:
                        send_json(conn, {"type": "system", "text": "not like that"})
        except (OSError, ValueError):
            pass
        finally:
            do(WORK, Owner.bury, conn)
            work.join()


threading.Thread(target=Owner().run, daemon=True).start()
with socket.create_server((HOST, PORT)) as listener:
    while True:
        threading.Thread(target=serve, args=listener.accept()[:1], daemon=True).start()
