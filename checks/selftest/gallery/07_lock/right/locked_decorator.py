"""A decorator @locked takes the lock around every function that touches the members."""

import functools
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

people = {}  # nick -> connection
lock = threading.Lock()


def locked(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        with lock:
            return function(*args, **kwargs)
    return wrapper


@locked
def register(nick, conn):
    return people.setdefault(nick, conn) is conn


@locked
def unregister(nick):
    people.pop(nick)


@locked
def send_to_all(obj, skip=()):
    for nick in people:
        if nick not in skip:
            try:
                send_json(people[nick], obj)
            except OSError as problem:
                print(nick, problem)


def system(text):
    return {"type": "system", "text": text}


def valid(user):
    return isinstance(user, str) and 1 <= len(user.strip()) <= 32


def run_client(conn):
    buffer = bytearray()
    nick = None
    try:
        while True:
            obj = recv_json(conn, buffer)
            if obj is None:
                return
            kind = obj.get("type")
            if kind == "join" and nick is None and valid(obj.get("user")):
                wanted = obj["user"].strip()
                if not register(wanted, conn):
                    send_json(conn, system(f"{wanted} is already registered"))
                    continue
                nick = wanted
                send_to_all(system(f"{nick} registered"))
            elif kind == "chat" and nick is not None and isinstance(obj.get("text"), str):
                send_to_all({"type": "chat", "user": nick, "text": obj["text"]}, skip=(nick,))
            elif kind == "leave":
                return
            else:
                send_json(conn, system("bad request"))
    except (OSError, ValueError):
        return
    finally:
        if nick is not None:
            unregister(nick)
        try:
            if nick is not None:
                send_to_all(system(f"{nick} unregistered"))
        finally:
            conn.close()


if __name__ == "__main__":
    with socket.create_server((HOST, PORT)) as server:
        while True:
            connection, _ = server.accept()
            threading.Thread(target=run_client, args=[connection], daemon=True).start()
