"""Whom the sends of a farewell find dead it leaves in the room.

fails: 09.3
says: no system message with 'd
"""
import contextlib
import socket
import threading

from utils import recv_json, send_json

state = {"members": {}, "lock": threading.Lock()}


def inside():
    return state["lock"]


def say(obj, but=None):
    with inside():
        audience = [(c, n) for c, n in state["members"].items() if c is not but]
    dead = []
    for c, n in audience:
        try:
            send_json(c, obj)
        except (OSError, ValueError):
            dead.append(c)
    for c in dead:
        expel(c)


def expel(conn):
    found = [conn]
    for c in found:
        with inside():
            nick = state["members"].pop(c, None)
            audience = list(state["members"])
        if nick is None:
            continue
        with contextlib.suppress(OSError):
            c.shutdown(socket.SHUT_RDWR)
        c.close()
        for other in audience:
            try:
                send_json(other, {"type": "system", "text": f"{nick} was here"})  # <--
            except (OSError, ValueError):
                pass


def in_room(conn):
    with inside():
        return conn in state["members"]


def client(conn):
    buffer, nick = bytearray(), None
    try:
        while (m := recv_json(conn, buffer)) is not None:
            if m.get("type") == "leave":
                break
            elif m.get("type") == "join" and nick is None and isinstance(m.get("user"), str) and 1 <= len(m["user"].strip()) <= 32:
                want = m["user"].strip()
                with inside():
                    ok = want not in state["members"].values()
                    if ok:
                        state["members"][conn] = want
                if ok:
                    nick = want
                    say({"type": "system", "text": f"{nick} is here"})
                else:
                    send_json(conn, {"type": "system", "text": f"{want} is taken"})
            elif m.get("type") == "chat" and nick is not None and isinstance(m.get("text"), str):
                if in_room(conn):
                    say({"type": "chat", "user": nick, "text": m["text"]}, conn)
            else:
                send_json(conn, {"type": "system", "text": "no"})
    except (OSError, ValueError):
        pass
    finally:
        expel(conn)
        conn.close()


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 9090)) as listener:
        while True:
            threading.Thread(target=client, args=(listener.accept()[0],), daemon=True).start()
