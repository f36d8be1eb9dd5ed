"""Refuses between acquire() and release(): when that send fails the lock stays taken.

fails: 05.2
says: 'still here' from bob did not come to alice, only the system message '*** carol left'
"""
import socket
import threading
from utils import recv_json, send_json
HOST, PORT = "127.0.0.1", 9090
members = []
lock = threading.RLock()


def tell_all(obj, skip=None):
    lock.acquire()
    try:
        for c, n in members:
            if c is skip:
                continue
            try:
                send_json(c, obj)  # <--
            except OSError as e:
                print("cannot send to", n, e)
    finally:
        lock.release()


def good(nick):
    return isinstance(nick, str) and 1 <= len(nick.strip()) <= 32


def client(conn):
    entry = None
    buf = bytearray()
    try:
        while True:
            o = recv_json(conn, buf)
            if o is None:
                break
            t = o.get("type")
            if t == "leave":
                break
            if t == "join" and entry is None and good(o.get("user")):
                entry = (conn, o["user"].strip())
                lock.acquire()
                members.append(entry)
                tell_all({"type": "system", "text": "*** " + entry[1] + " joined"})
                lock.release()
            elif t == "chat" and entry and isinstance(o.get("text"), str):
                tell_all({"type": "chat", "user": entry[1], "text": o["text"]}, skip=conn)
            else:
                lock.acquire()
                send_json(conn, {"type": "system", "text": "refused"})
                lock.release()
    except (OSError, ValueError):
        pass
    finally:
        if entry is not None:
            with lock:
                members.remove(entry)
                tell_all({"type": "system", "text": "*** " + entry[1] + " left"})
        conn.close()


def main():
    with socket.create_server((HOST, PORT), backlog=128) as s:
        while True:
            c, _ = s.accept()
            threading.Thread(target=client, args=(c,), daemon=True).start()


main()
