"""Has a dict for each direction, and takes the dead out of only one of them.

fails: 09.2 07.1 09.3
says: the nick 'bob' is still taken, though bob is dead
"""

import queue
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

present = {}  # connection -> nick
owner = {}  # nick -> connection
key = threading.Lock()
found_dead = queue.SimpleQueue()  # connections


def system(text):
    return {"type": "system", "text": text}


def enter(conn, nick):
    with key:
        if nick in owner:
            return False
        owner[nick] = conn
        present[conn] = nick
        return True


def tell(obj, but=None):
    with key:
        conns = [conn for conn in present if conn is not but]
    for conn in conns:
        try:
            send_json(conn, obj)
        except OSError:
            found_dead.put(conn)


def bury(conn):
    """Take conn out and tell the others, unless that has been done."""
    with key:
        nick = present.pop(conn, None)
    if nick is None:
        return
    try:
        conn.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    tell(system(f"- {nick}"))


def undertaker():
    """A thread that takes out those whom the others found dead."""
    while True:
        bury(found_dead.get())


def one_client(conn):
    nick, rest = None, bytearray()
    try:
        while True:
            obj = recv_json(conn, rest)  # <--
            if obj is None or obj.get("type") == "leave":
                break
            user, text = obj.get("user"), obj.get("text")
            if obj.get("type") == "join" and nick is None and type(user) is str and 0 < len(user.strip()) <= 32:
                user = user.strip()
                if enter(conn, user):
                    nick = user
                    tell(system(f"+ {nick}"))
                else:
                    send_json(conn, system(f"{user}? that is another one"))
            elif obj.get("type") == "chat" and nick is not None and type(text) is str:
                tell({"type": "chat", "user": nick, "text": text}, but=conn)
            else:
                send_json(conn, system("?"))
    except (OSError, ValueError):
        pass
    finally:
        with key:
            if conn in present:
                del owner[nick]
        bury(conn)
        conn.close()


def main():
    threading.Thread(target=undertaker, daemon=True).start()
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=one_client, args=(listener.accept()[0],), daemon=True).start()


if __name__ == "__main__":
    main()
