"""No snapshot is ever copied: the members are a tuple, and who changes them puts a new tuple in its place."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

members = ()  # of (connection, nick)
lock = threading.Lock()


def now():
    with lock:
        return members


def add(conn, nick):
    """Return whether the nick was free."""
    global members
    with lock:
        if nick in (other for _, other in members):
            return False
        members += ((conn, nick),)
        return True


def remove(conn):
    """Return its nick, None if it was not a member."""
    global members
    with lock:
        nick = dict(members).get(conn)
        members = tuple(member for member in members if member[0] is not conn)
        return nick


def send_to(receivers, obj):
    for conn, _ in receivers:
        try:
            send_json(conn, obj)
        except OSError:
            pass


def system(text):
    return {"type": "system", "text": text}


def handle_client(conn):
    buffer = bytearray()
    nick = None
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        if not add(conn, user.strip()):
                            send_json(conn, system(f"{user.strip()} sits there already"))
                            continue
                        nick = user.strip()
                        send_to(now(), system(f"{nick} sits down"))
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        send_to([member for member in now() if member[1] != nick], {"type": "chat", "user": nick, "text": text})
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, system("impossible"))
        except (OSError, ValueError) as error:
            print(nick, error)
        finally:
            if remove(conn) is not None:
                send_to(now(), system(f"{nick} stands up"))


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
