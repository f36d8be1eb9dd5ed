"""Lets everybody in under any nick: whether it is taken is not asked.

fails: 07.1
says: was let in, though 'alice' is in the room
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def make_room():
    """Return what can be done with a room: enter, leave, tell."""
    present = {}  # connection -> nick
    key = threading.Lock()

    def enter(conn, nick):
        with key:
            present[conn] = nick
            return True

    def leave(conn):
        with key:
            return present.pop(conn, None)

    def tell(obj, but=None):
        with key:
            conns = [conn for conn in present if conn is not but]
        for conn in conns:
            try:
                send_json(conn, obj)  # <--
            except OSError:
                pass

    return enter, leave, tell


enter, leave, tell = make_room()


def system(text):
    return {"type": "system", "text": text}


def one_client(conn):
    nick, rest = None, bytearray()
    try:
        while True:
            obj = recv_json(conn, rest)
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
        if leave(conn) is not None:
            tell(system(f"- {nick}"))
        conn.close()


if __name__ == "__main__":
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((HOST, PORT))
    server.listen(128)
    while True:
        threading.Thread(target=one_client, args=(server.accept()[0],), daemon=True).start()
