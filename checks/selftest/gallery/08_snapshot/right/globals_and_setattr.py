"""Goes to its members by globals(), getattr() and operator functions, always under the lock."""

import operator
import socket
import sys
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
lock = threading.Lock()
here = sys.modules[__name__]
setattr(here, "members", {})


def everyone(but=None):
    with lock:
        return [conn for conn in globals()["members"] if conn is not but]


def post(obj, but=None):
    for conn in everyone(but):
        try:
            send_json(conn, obj)
        except OSError:
            pass


def claim(conn, nick):
    with lock:
        members = getattr(here, "members")
        if operator.contains(members.values(), nick):
            return False
        operator.setitem(members, conn, nick)
        return True


def give_up(conn):
    with lock:
        members = vars(here)["members"]
        nick = dict.get(members, conn)
        if nick is not None:
            dict.__delitem__(members, conn)
        return nick


def serve(conn, buffer):
    nick = None
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            if obj.get("type") == "leave":
                break
            elif obj.get("type") == "join" and nick is None and isinstance(obj.get("user"), str) and 1 <= len(obj["user"].strip()) <= 32:
                if claim(conn, obj["user"].strip()):
                    nick = obj["user"].strip()
                    post({"type": "system", "text": f"here comes {nick}"})
                else:
                    send_json(conn, {"type": "system", "text": f"no second {obj['user'].strip()}"})
            elif obj.get("type") == "chat" and nick is not None and isinstance(obj.get("text"), str):
                post({"type": "chat", "user": nick, "text": obj["text"]}, conn)
            else:
                send_json(conn, {"type": "system", "text": "no such thing"})
    except (OSError, ValueError):
        pass
    finally:
        conn.close()
        if nick is not None and give_up(conn):
            post({"type": "system", "text": f"there goes {nick}"})


def main():
    listener = socket.create_server((HOST, PORT))
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0], bytearray()), daemon=True).start()


main()
