"""The store has a lock and the server has another; each module takes its own to get at the members.

fails: 07.3
says: the thread of alice adds to `members` at store.py:
"""

import socket
import threading

import store
from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
lock = threading.Lock()


def notice(text):
    return {"type": "system", "text": text}


def send_all(obj, but=None):
    with lock:
        conns = [conn for conn, _ in store.members if conn is not but]  # <--
    for conn in conns:
        try:
            send_json(conn, obj)
        except OSError:
            pass


def valid(nick):
    return isinstance(nick, str) and 1 <= len(nick.strip()) <= 32


def join(conn, nick):
    if not store.add(conn, nick):
        send_json(conn, notice(f"{nick} is taken"))
        return None
    send_all(notice(f"{nick} is here"))
    return nick


def work(conn):
    nick = None
    buffer = bytearray()
    try:
        while True:
            obj = recv_json(conn, buffer)
            if obj is None:
                return
            kind = obj.get("type")
            if kind == "leave":
                return
            if kind == "join" and nick is None and valid(obj.get("user")):
                nick = join(conn, obj["user"].strip())
            elif kind == "chat" and nick is not None and isinstance(obj.get("text"), str):
                send_all({"type": "chat", "user": nick, "text": obj["text"]}, but=conn)
            else:
                send_json(conn, notice("please join, then chat"))
    except (OSError, ValueError):
        return
    finally:
        gone = store.remove(conn)
        if gone:
            send_all(notice(f"{gone} is away"))
        conn.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=work, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
