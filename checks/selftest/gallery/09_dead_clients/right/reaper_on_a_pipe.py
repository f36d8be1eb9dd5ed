"""A reaper sleeps on a socketpair; who finds somebody dead writes one byte into it."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

members = {}
suspects = []
mutex = threading.Lock()  # for both
bell, sleeper = socket.socketpair()


def system(text):
    return {"type": "system", "text": text}


def post(obj, but=None):
    with mutex:
        targets = [conn for conn in members if conn is not but]
    for conn in targets:
        try:
            send_json(conn, obj)
        except OSError:
            with mutex:
                suspects.append(conn)
            bell.send(b"!")


def reap():
    while sleeper.recv(64):
        while True:
            with mutex:
                if not suspects:
                    break
                conn = suspects.pop()
                nick = members.pop(conn, None)
            if nick is not None:
                try:
                    conn.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                post(system(f"{nick} is lost"))


def handle(conn, addr):
    buffer, nick = bytearray(), None
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            match obj:
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    with mutex:
                        free = user.strip() not in members.values()
                        if free:
                            nick = members[conn] = user.strip()
                    if free:
                        post(system(f"{nick} joins"))
                    else:
                        send_json(conn, system("taken"))
                case {"type": "chat", "text": str(text)} if nick is not None:
                    with mutex:
                        alive = conn in members
                    if alive:
                        post({"type": "chat", "user": nick, "text": text}, but=conn)
                case {"type": "leave"}:
                    break
                case _:
                    send_json(conn, system("?"))
    except (OSError, ValueError):
        pass
    finally:
        with mutex:
            mine = members.pop(conn, None)
        conn.close()
        if mine is not None:
            post(system(f"{mine} leaves"))


threading.Thread(target=reap, daemon=True).start()
with socket.create_server((HOST, PORT)) as listener:
    while True:
        threading.Thread(target=handle, args=listener.accept(), daemon=True).start()
