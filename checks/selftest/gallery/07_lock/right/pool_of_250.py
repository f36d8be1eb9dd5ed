"""A thread pool of 250, all started beforehand; the lock is a class attribute, and Ctrl-C does not wait for the pool."""

import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
SIZE = 250


class Chat:
    lock = threading.Lock()
    clients = {}

    @classmethod
    def send(cls, obj, but=None):
        with cls.lock:
            for conn in cls.clients:
                if conn is not but:
                    try:
                        send_json(conn, obj)
                    except OSError:
                        pass

    @classmethod
    def add(cls, conn, nick):
        with cls.lock:
            if nick in cls.clients.values():
                return False
            cls.clients[conn] = nick
            return True

    @classmethod
    def remove(cls, conn):
        with cls.lock:
            return cls.clients.pop(conn, None)


def system(text):
    return {"type": "system", "text": text}


def converse(conn):
    buffer, nick = bytearray(), None
    while (obj := recv_json(conn, buffer)) is not None and obj.get("type") != "leave":
        match obj:
            case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                if Chat.add(conn, user.strip()):
                    nick = user.strip()
                    Chat.send(system(f"{nick} dives in"))
                else:
                    send_json(conn, system(f"{user.strip()} is in the pool already"))
            case {"type": "chat", "text": str(text)} if nick is not None:
                Chat.send({"type": "chat", "user": nick, "text": text}, but=conn)
            case _:
                send_json(conn, system("no"))


def handle_client(conn, addr):
    with conn:
        try:
            converse(conn)
        except (OSError, ValueError, RecursionError) as error:
            print(addr, error)
        finally:
            nick = Chat.remove(conn)
            if nick is not None:
                Chat.send(system(f"{nick} climbs out"))


def main():
    pool = ThreadPoolExecutor(SIZE)
    ready = threading.Barrier(SIZE + 1)
    for _ in range(SIZE):
        pool.submit(ready.wait)
    ready.wait()
    with socket.create_server((HOST, PORT)) as listener:
        try:
            while True:
                pool.submit(handle_client, *listener.accept())
        except KeyboardInterrupt:
            os._exit(0)


if __name__ == "__main__":
    main()
