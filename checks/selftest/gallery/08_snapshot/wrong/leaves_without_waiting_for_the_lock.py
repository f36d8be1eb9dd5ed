"""Waits a second for the lock when somebody leaves, and goes on without it.

fails: 07.3
says: the thread of carl removes from the members at server.py:
"""
import socket, threading, json
from utils import send_json, recv_json
HOST, PORT = "127.0.0.1", 9090

def main():
    people = {}
    count = 0
    lk = threading.Lock()

    def join(c, n):
        nonlocal count
        lk.acquire()
        try:
            if n in people:
                return False
            people[n] = c
            count += 1
            return True
        finally:
            lk.release()

    def part(n):
        nonlocal count
        got = lk.acquire(timeout=1)  # <--
        try:
            if n in people:
                people.pop(n)
                count -= 1
        finally:
            if got:
                lk.release()

    def shout(o, not_to=None):
        lk.acquire()
        try:
            to = [*people.values()]
        finally:
            lk.release()
        for c in to:
            if c is not not_to:
                try:
                    send_json(c, o)
                except OSError:
                    pass

    def worker(c, a):
        nick = None
        def info(s): send_json(c, {"type": "system", "text": s})
        b = bytearray()
        try:
            while True:
                o = recv_json(c, b)
                if o is None: break
                t = o.get("type")
                if t == "leave": break
                if t == "join" and nick is None and type(o.get("user")) is str and 1 <= len(o["user"].strip()) <= 32:
                    w = o["user"].strip()
                    if not join(c, w):
                        info(w + " already here")
                        continue
                    nick = w
                    shout({"type": "system", "text": nick + " is here"})
                    continue
                if t == "chat" and nick is not None and type(o.get("text")) is str:
                    shout({"type": "chat", "user": nick, "text": o["text"]}, c)
                    continue
                info("I do not understand " + json.dumps(t)[:50])
        except (ValueError, OSError):
            pass
        finally:
            if nick is not None:
                part(nick)
                shout({"type": "system", "text": nick + " is gone"})
            c.close()

    s = socket.create_server((HOST, PORT), backlog=200)
    while True:
        c, a = s.accept()
        threading.Thread(target=worker, args=(c, a), daemon=True).start()

main()
