"""Copies the taken nicks under the lock when the client connects, and looks for its nick in this copy.

fails: 07.1
says: an early client was let in, though 'alice' is in the room
"""
import socket
import threading

from utils import recv_json, send_json

members = {}
lock = threading.Lock()


def tell(obj, but=None):
    with lock:
        people = [c for c in members if c is not but]
    for c in people:
        try:
            send_json(c, obj)
        except OSError:
            pass


def serve(conn):
    with lock:
        taken = set(members.values())
    nick, buffer = None, bytearray()
    with conn:
        try:
            while (m := recv_json(conn, buffer)) is not None:
                match m:
                    case {"type": "join", "user": str(u)} if nick is None and 1 <= len(u.strip()) <= 32:
                        u = u.strip()
                        if u in taken:
                            send_json(conn, {"type": "system", "text": f"{u} is taken"})
                            continue
                        nick = u
                        with lock:
                            members[conn] = nick
                        tell({"type": "system", "text": f"{nick} joined"})  # <--
                    case {"type": "chat", "text": str(t)} if nick:
                        tell({"type": "chat", "user": nick, "text": t}, conn)
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, {"type": "system", "text": "no"})
        except (OSError, ValueError):
            pass
        finally:
            with lock:
                gone = members.pop(conn, None)
            if gone:
                tell({"type": "system", "text": f"{gone} left"})


with socket.create_server(("127.0.0.1", 9090)) as listener:
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=serve, args=(conn,), daemon=True).start()
