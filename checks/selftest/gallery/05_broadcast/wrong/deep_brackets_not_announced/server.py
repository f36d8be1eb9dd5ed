"""A RecursionError of json goes past the place where a leaving is announced.

fails: 05.3
says: a thread of server.py died of RecursionError
"""
import queue
import socket
import threading
from utils import recv_json, send_json
HOST, PORT = "127.0.0.1", 9090
events = queue.Queue()


def hub():
    nicks = {}

    def post(conns, obj):
        for c in conns:
            try:
                send_json(c, obj)
            except OSError:
                pass

    while True:
        conn, msg, done = events.get()
        if msg is None:
            nick = nicks.pop(conn, None)
            if nick is not None:
                post(list(nicks), {"type": "system", "text": f"{nick} has left"})
            done.set()
            continue
        match msg:
            case {"type": "join", "user": str(u)} if conn not in nicks and 1 <= len(u.strip()) <= 32:
                nicks[conn] = u.strip()
                post(nicks, {"type": "system", "text": f"{u.strip()} has joined"})
            case {"type": "chat", "text": str(t)} if conn in nicks:
                post([c for c in nicks if c is not conn], {"type": "chat", "user": nicks[conn], "text": t})
            case _:
                post([conn], {"type": "system", "text": "refused"})


def reader(conn):
    with conn:
        buf = bytearray()
        try:
            while (m := recv_json(conn, buf)) is not None:  # <--
                if m.get("type") == "leave":
                    break
                events.put((conn, m, None))
        except (OSError, ValueError):
            pass
        done = threading.Event()
        events.put((conn, None, done))
        done.wait()


def main():
    threading.Thread(target=hub, daemon=True).start()
    with socket.create_server((HOST, PORT), backlog=128) as s:
        while True:
            c, _ = s.accept()
            threading.Thread(target=reader, args=(c,), daemon=True).start()


main()
