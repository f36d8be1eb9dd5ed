"""A list, and list.remove for the dead: the second finder's ValueError is taken for bad input of the sender, who is thrown out.
fails: 09.2 09.3 09.4
says: the server closed carol's connection after ValueError
Breaks "the sender stays", when two find the same member dead.
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Member:
    def __init__(self, conn):
        self.conn, self.nick = conn, None


members = []
lock = threading.Lock()


def system(text):
    return {"type": "system", "text": text}


def post(obj, but=None):
    with lock:
        hearers = [m for m in members if m is not but]
    dead = []
    for member in hearers:
        try:
            send_json(member.conn, obj)
        except OSError:
            dead.append(member)
    for member in dead:
        drop(member)


def drop(member):
    with lock:
        members.remove(member)  # <--
    try:
        member.conn.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    post(system(f"{member.nick} has left"))


def join(me, nick):
    with lock:
        if any(m.nick == nick for m in members):
            return False
        me.nick = nick
        members.append(me)
    post(system(f"{nick} has joined"))
    return True


def handle_client(conn):
    me = Member(conn)
    buffer = bytearray()
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if me.nick is None and 1 <= len(user.strip()) <= 32:
                        if not join(me, user.strip()):
                            send_json(conn, system(f"{user.strip()} is taken"))
                    case {"type": "chat", "text": str(text)} if me.nick is not None:
                        post({"type": "chat", "user": me.nick, "text": text}, but=me)
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, system("refused"))
        except (OSError, ValueError) as error:
            print("bad client:", error)
        finally:
            try:
                drop(me)
            except ValueError:
                pass  # was none, or somebody else was faster


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
