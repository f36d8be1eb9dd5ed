"""Tells of a leaving with one try around the whole loop.

fails: 05.3
says: no system message with 'dan' in it came to bob
"""
import socket, threading
from typing import NamedTuple
from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
class M(NamedTuple):
    conn: socket.socket
    nick: str

members: tuple[M, ...] = ()
mutex = threading.Lock()

def add(conn, nick):
    global members
    with mutex:
        if nick in (m.nick for m in members):
            return False
        members = members + (M(conn, nick),)
    return True

def drop(conn):
    global members
    with mutex:
        before = members
        members = tuple(m for m in members if m.conn is not conn)
        return len(before) != len(members)

def everybody():
    with mutex:
        return members

def tell(obj, but=None):
    for m in everybody():
        if m.conn is but:
            continue
        try:
            send_json(m.conn, obj)
        except OSError:
            continue

def sysmsg(t): return dict(type="system", text=t)

def serve(conn, addr):
    me = None
    buf = bytearray()
    try:
        while True:
            o = recv_json(conn, buf)
            if o is None or o.get("type") == "leave":
                break
            t = o.get("type")
            if t == "join":
                u = o.get("user")
                if me is None and isinstance(u, str) and 0 < len(u.strip()) < 33:
                    u = u.strip()
                    if add(conn, u):
                        me = u
                        tell(sysmsg("+ " + me))
                    else:
                        send_json(conn, sysmsg("taken: " + u))
                    continue
            elif t == "chat":
                x = o.get("text")
                if me is not None and isinstance(x, str):
                    tell({"type": "chat", "user": me, "text": x}, but=conn)
                    continue
            send_json(conn, sysmsg("?"))
    except (OSError, ValueError):
        pass
    finally:
        if drop(conn):
            try:
                for m in everybody():
                    send_json(m.conn, sysmsg("- " + me))  # <--
            except OSError as e:
                print("could not tell everybody", e)
        conn.close()

def main():
    srv = socket.socket()
    srv.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    srv.bind((HOST, PORT)); srv.listen(128)
    while True:
        c, a = srv.accept()
        threading.Thread(target=serve, args=(c, a), daemon=True).start()

if __name__ == "__main__":
    main()
