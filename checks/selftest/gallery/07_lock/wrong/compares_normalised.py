"""Compares nicks in a normal form of Unicode: what looks the same is taken for the same.

fails: 07.1
says: though nobody in the room has just this one
"""
import socket, threading, unicodedata
from collections import ChainMap, UserDict
from contextlib import ExitStack
from functools import partial
from utils import recv_json, send_json
HOST, PORT = "127.0.0.1", 9090

class Store(UserDict):
    lock = threading.RLock()
    def __setitem__(self, k, v):
        with self.lock: super().__setitem__(k, v)
    def __delitem__(self, k):
        with self.lock: super().__delitem__(k)
    def __contains__(self, k):
        with self.lock: return super().__contains__(k)
    def take(self, k, v):
        with self.lock:
            if unicodedata.normalize("NFC", k) in {unicodedata.normalize("NFC", n) for n in self.data}:
                return False
            self[k] = v
            return True
    def each(self, f, but=()):
        with self.lock:
            for k in sorted(self.data):
                if k not in but:
                    try: f(self.data[k])
                    except OSError: pass

store = Store()
def sysmsg(t): return {"type": "system", "text": t}
def sender(obj): return lambda conn: send_json(conn, obj)

def bye(nick):
    del store[nick]
    store.each(sender(sysmsg(nick + " left")))

def run(conn):
    with ExitStack() as st:
        st.enter_context(conn)
        nick, buf = None, bytearray()
        try:
            for o in iter(partial(recv_json, conn, buf), None):  # <--
                t, u, x = map(o.get, ("type", "user", "text"))
                if t == "leave": break
                if t == "join" and nick is None and isinstance(u, str) and 1 <= len(u.strip()) <= 32:
                    if store.take(u.strip(), conn):
                        nick = u.strip()
                        st.callback(bye, nick)
                        store.each(sender(sysmsg(nick + " joined")))
                    else:
                        send_json(conn, sysmsg("taken"))
                elif t == "chat" and nick is not None and isinstance(x, str):
                    store.each(sender({"type": "chat", "user": nick, "text": x}), {nick})
                else:
                    send_json(conn, sysmsg("refused"))
        except (OSError, ValueError): pass

if __name__ == "__main__":
    with socket.create_server((HOST, PORT)) as s:
        while True: threading.Thread(target=run, args=(s.accept()[0],), daemon=True).start()
