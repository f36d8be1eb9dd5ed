"""A writer thread sends the answers, and the connection is closed before it has sent all.

fails: 01.3
says: the server closed alice's connection
"""
import json
import queue
import socket
import threading
from contextlib import closing
HOST, PORT = "127.0.0.1", 9090
MAXLINE = 65536


def system(t):
    return {"type": "system", "text": t}


def protocol():
    reply = None
    nick = None
    while nick is None:
        m = yield reply
        match m:
            case {"type": "join", "user": str(u)} if 1 <= len(u.strip()) <= 32:
                nick = u.strip()
                reply = system(f"{nick}, welcome")
            case {"type": "leave"}:
                return
            case _:
                reply = system("please join")
    while True:
        m = yield reply
        match m:
            case {"type": "chat", "text": str(t)}:
                reply = {"type": "chat", "user": nick, "text": t}
            case {"type": "leave"}:
                return
            case {"type": "join"}:
                reply = system(f"you are {nick} already")
            case _:
                reply = system("not understood")


def lines(f):
    while (line := f.readline(MAXLINE + 1)).endswith(b"\n"):
        if len(line) > MAXLINE:
            return
        yield line


def handle(conn):
    with closing(conn), conn.makefile("rb", 2048) as f, closing(protocol()) as p:  # <--
        next(p)
        q = queue.Queue()
        threading.Thread(target=pump, args=(conn, q), daemon=True).start()
        try:
            for line in lines(f):
                o = json.loads(line.decode("utf8"))
                if not isinstance(o, dict):
                    return
                q.put(json.dumps(p.send(o)).encode() + b"\n")
        except (StopIteration, OSError, ValueError, RecursionError):
            return
        finally:
            q.put(None)


def pump(conn, q):
    try:
        while (d := q.get()) is not None:
            conn.sendall(d)
    except OSError:
        pass


def main():
    with socket.create_server((HOST, PORT), backlog=128) as l:
        while True:
            c = l.accept()[0]
            threading.Thread(target=handle, args=(c,), daemon=True).start()


main()
