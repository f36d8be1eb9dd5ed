"""Keeps the files for writing that makefile() gives, by nick: such a file has a lock of its own, for which others wait while a flush is stuck.
"""
import json
import socket
import threading

from utils import recv_json

writers = {}
writers_lock = threading.Lock()


def put(f, obj):
    try:
        f.write(json.dumps(obj).encode() + b"\n")
        f.flush()
    except (OSError, ValueError):
        pass


def put_all(obj, without=None):
    with writers_lock:
        pairs = [*writers.items()]
    for nick, f in pairs:
        if nick != without:
            put(f, obj)


def handle(conn):
    f = conn.makefile("wb", buffering=70000)
    nick, rest = None, bytearray()
    try:
        while (m := recv_json(conn, rest)) is not None:
            kind = m.get("type")
            if kind == "leave":
                break
            elif kind == "join" and nick is None and isinstance(m.get("user"), str) and 1 <= len(m["user"].strip()) <= 32:
                want = m["user"].strip()
                with writers_lock:
                    won = writers.setdefault(want, f) is f
                if won:
                    nick = want
                    put_all({"type": "system", "text": f"{nick} +"})
                else:
                    put(f, {"type": "system", "text": f"{want} taken"})
            elif kind == "chat" and nick is not None and isinstance(m.get("text"), str):
                put_all({"type": "chat", "user": nick, "text": m["text"]}, nick)
            else:
                put(f, {"type": "system", "text": "?"})
    except (OSError, ValueError):
        pass
    finally:
        if nick is not None:
            with writers_lock:
                del writers[nick]
            put_all({"type": "system", "text": f"{nick} -"})
        try:
            f.close()
        except OSError:
            pass
        conn.close()


with socket.create_server(("127.0.0.1", 9090)) as s:
    while True:
        threading.Thread(target=handle, args=(s.accept()[0],), daemon=True).start()
