"""Catches ConnectionResetError alone; a broken pipe, as a second send meets it, goes through to the sender.

fails: 09.1 09.2 09.3 09.4
says: from alice did not come to first
"""

import socket
import threading

import store
from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def notice(text):
    return {"type": "system", "text": text}


def send_all(conns, obj):
    """Return those that it could not be sent to."""
    failed = []
    for conn in conns:
        try:
            send_json(conn, obj)  # <--
        except ConnectionResetError:  # <--
            failed.append(conn)
    return failed


def tell(obj, but=None):
    dead = send_all(store.connections(but), obj)
    while dead:
        conn = dead.pop()
        nick = store.remove(conn)
        if nick is not None:
            hang_up(conn)
            dead += send_all(store.connections(), notice(f"{nick} is gone"))


def hang_up(conn):
    try:
        conn.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def valid(nick):
    return isinstance(nick, str) and 1 <= len(nick.strip()) <= 32


def join(conn, nick):
    if not store.add(conn, nick):
        send_json(conn, notice(f"{nick} is taken"))
        return None
    tell(notice(f"{nick} is here"))
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
                tell({"type": "chat", "user": nick, "text": obj["text"]}, but=conn)
            else:
                send_json(conn, notice("please join, then chat"))
    except (OSError, ValueError):
        return
    finally:
        if store.remove(conn) is not None:
            tell(notice(f"{nick} is away"))
        conn.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=work, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
