"""The room is a SimpleNamespace that main() makes; every function gets it as its first argument, some by partial."""

import socket
import threading
from functools import partial
from types import SimpleNamespace

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def make_room():
    room = SimpleNamespace(lock=threading.Lock(), nicks={}, refused=0)
    room.say = partial(say, room)
    room.system = lambda text: say(room, {"type": "system", "text": text})
    return room


def say(room, obj, but=None):
    with room.lock:
        nicks = dict(room.nicks)
    for conn in nicks:
        if conn is not but:
            try:
                send_json(conn, obj)
            except OSError:
                pass


def enter(room, conn, nick):
    with room.lock:
        if nick in room.nicks.values():
            room.refused += 1
            return False
        room.nicks[conn] = nick
        return True


def exit(room, conn):
    with room.lock:
        return room.nicks.pop(conn, None)


def refuse(conn, text):
    send_json(conn, {"type": "system", "text": text})


def handle_client(room, conn, addr):
    receive = partial(recv_json, conn, bytearray())
    nick = None
    with conn:
        try:
            while (obj := receive()) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        if enter(room, conn, user.strip()):
                            nick = user.strip()
                            room.system(f"{nick} has entered")
                        else:
                            refuse(conn, f"{user.strip()} has entered before")
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        room.say({"type": "chat", "user": nick, "text": text}, but=conn)
                    case {"type": "leave"}:
                        break
                    case _:
                        refuse(conn, "no")
        except (OSError, ValueError) as error:
            print(addr, error)
        finally:
            if exit(room, conn) is not None:
                room.system(f"{nick} has left")


def main():
    handle = partial(handle_client, make_room())
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle, args=listener.accept(), daemon=True).start()


if __name__ == "__main__":
    main()
