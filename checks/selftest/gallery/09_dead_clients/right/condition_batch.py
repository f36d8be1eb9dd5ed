"""A Condition as the lock; the members are a list of tuples, and the dead of one round are cut out of it in one go."""

import json
import socket
import threading

from utils import recv_json

HOST, PORT = "127.0.0.1", 9090

members = []  # (connection, nick)
room = threading.Condition()


def system(text):
    return json.dumps({"type": "system", "text": text}).encode() + b"\n"


def cut_out(dead):
    """Take these connections' members out; return their nicks."""
    nicks = []
    with room:
        for i in reversed(range(len(members))):
            conn, nick = members[i]
            if conn in dead:
                del members[i]
                nicks.append(nick)
                try:
                    conn.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
    return nicks


def broadcast(data, but=None):
    outgoing = [data]
    while outgoing:
        data = outgoing.pop(0)
        with room:
            receivers = [conn for conn, _ in members if conn is not but]
        but = None  # what follows is for all who are left
        dead = set()
        for conn in receivers:
            try:
                conn.sendall(data)
            except OSError:
                dead.add(conn)
        if dead:
            outgoing += [system(f"{nick} does not answer") for nick in cut_out(dead)]


def add(conn, nick):
    with room:
        for _, other in members:
            if other == nick:
                return False
        members.append((conn, nick))
        return True


def present(conn):
    with room:
        return any(conn is other for other, _ in members)


def handle_client(conn):
    buffer = bytearray()
    nick = None
    try:
        while True:
            obj = recv_json(conn, buffer)
            if obj is None or obj.get("type") == "leave":
                break
            if nick is not None and not present(conn):
                break
            match obj:
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    if not add(conn, user.strip()):
                        conn.sendall(system(f"{user.strip()} is present"))
                        continue
                    nick = user.strip()
                    broadcast(system(f"{nick} is present now"))
                case {"type": "chat", "text": str(text)} if nick is not None:
                    broadcast(json.dumps({"type": "chat", "user": nick, "text": text}).encode() + b"\n", but=conn)
                case _:
                    conn.sendall(system("silence, please"))
    except (OSError, ValueError, RecursionError) as error:
        print(nick, repr(error))
    finally:
        for nick in cut_out({conn}):
            broadcast(system(f"{nick} is absent"))
        conn.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
