"""Sends between acquire() and release(), and lets the error of a broken connection out.

fails: 07.4 07.1 07.3
says: no system message with 'newcomer' in it came to newcomer
"""

import socket
import threading

import store
from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def notice(text):
    return {"type": "system", "text": text}


def send_all(obj, but=None):
    store.lock.acquire()  # <--
    for conn in store.connections(but):
        send_json(conn, obj)  # <--
    store.lock.release()


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
