"""A Condition is the lock, and nobody ever waits on it; the members are nick -> connection."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

connections = {}  # nick -> connection
room = threading.Condition()


def system(text):
    return {"type": "system", "text": text}


def tell(conns, obj):
    for conn in conns:
        try:
            send_json(conn, obj)
        except OSError:
            pass  # its own thread will notice


def claim(nick, conn):
    with room:
        if connections.setdefault(nick, conn) is not conn:
            return False
        everybody = list(connections.values())
    tell(everybody, system(f"{nick} came in"))
    return True


def give_up(nick):
    with room:
        del connections[nick]
        rest = list(connections.values())
    tell(rest, system(f"{nick} went out"))


def others(nick):
    with room:
        return [conn for name, conn in connections.items() if name != nick]


def handle_client(conn):
    buffer = bytearray()
    nick = None
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            match obj:
                case {"type": "leave"}:
                    break
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(wish := user.strip()) <= 32:
                    nick = wish  # first, so that it is given up also when the announcement fails
                    if not claim(wish, conn):
                        nick = None
                        send_json(conn, system(f"somebody else is {wish}"))
                case {"type": "chat", "text": str(text)} if nick is not None:
                    tell(others(nick), {"type": "chat", "user": nick, "text": text})
                case _:
                    send_json(conn, system("what do you mean?"))
    except (OSError, ValueError) as error:
        print(f"{nick}: {error}")
    finally:
        with conn:
            if nick is not None:
                give_up(nick)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
