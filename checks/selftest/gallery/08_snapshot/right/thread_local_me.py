"""Connection, nick and buffer are in a threading.local; the members are a defaultdict, where a free nick reads as None."""

import socket
import threading
from collections import defaultdict

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

owners = defaultdict(lambda: None)  # nick -> connection
owners_lock = threading.Lock()
me = threading.local()


def receive():
    return recv_json(me.conn, me.buffer)


def reply(text):
    send_json(me.conn, {"type": "system", "text": text})


def send_to_all(obj, myself=True):
    with owners_lock:
        conns = [conn for conn in owners.values() if myself or conn is not me.conn]
    for conn in conns:
        try:
            send_json(conn, obj)
        except OSError:
            pass


def take(nick):
    with owners_lock:
        if owners[nick] is None:  # now it is in the dict, with None
            owners[nick] = me.conn
            me.nick = nick
        return owners[nick] is me.conn


def give_back():
    with owners_lock:
        del owners[me.nick]
    send_to_all({"type": "system", "text": f"{me.nick} has gone home"})


def obey(obj):
    match obj:
        case {"type": "join", "user": str(user)} if me.nick is None and 1 <= len(user.strip()) <= 32:
            if take(user.strip()):
                send_to_all({"type": "system", "text": f"{me.nick} has come"})
            else:
                reply(f"{user.strip()} has come before you")
        case {"type": "chat", "text": str(text)} if me.nick is not None:
            send_to_all({"type": "chat", "user": me.nick, "text": text}, myself=False)
        case _:
            reply("what is that?")


def client_thread(conn):
    me.conn, me.nick, me.buffer = conn, None, bytearray()
    with conn:
        try:
            while (obj := receive()) is not None and obj.get("type") != "leave":
                obey(obj)
        except (OSError, ValueError, RecursionError) as error:
            print(me.nick, repr(error))
        finally:
            if me.nick is not None:
                give_back()


if __name__ == "__main__":
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=client_thread, args=(conn,), daemon=True).start()
