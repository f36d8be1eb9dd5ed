"""A member's second join is refused, but the nick that it asked for is taken from then on.

fails: 07.1
says: the nick 'peggy' is taken, though nobody in the room has it
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
lock = threading.Lock()
who = {}  # nick -> conn


def system(text):
    return {"type": "system", "text": text}


def broadcast(obj, but=None):
    with lock:
        for conn in set(who.values()):
            if conn is not but:
                try:
                    send_json(conn, obj)
                except OSError:
                    pass


def handle_client(conn):
    nick, buffer = None, bytearray()
    try:
        while (obj := recv_json(conn, buffer)) is not None:  # <--
            match obj:
                case {"type": "join", "user": str(user)} if 1 <= len(user.strip()) <= 32:
                    wanted = user.strip()
                    with lock:
                        mine = who.setdefault(wanted, conn) is conn
                    if nick is not None:
                        send_json(conn, system(f"you are {nick} already"))
                    elif mine:
                        nick = wanted
                        broadcast(system(f"{nick} has joined"))
                    else:
                        send_json(conn, system(f"{wanted} is taken"))
                case {"type": "chat", "text": str(text)} if nick is not None:
                    broadcast({"type": "chat", "user": nick, "text": text}, but=conn)
                case {"type": "leave"}:
                    break
                case _:
                    send_json(conn, system("no"))
    except (OSError, ValueError):
        pass
    finally:
        with lock:
            for name in [name for name, other in who.items() if other is conn]:
                del who[name]
        if nick is not None:
            broadcast(system(f"{nick} has left"))
        conn.close()


if __name__ == "__main__":
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle_client, args=(listener.accept()[0],), daemon=True).start()
