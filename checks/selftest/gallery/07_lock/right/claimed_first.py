"""A nick is claimed first, with None for a connection, and looked at; then its connection is put in, in a second step."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

room = {}  # nick -> connection; None while the nick is only claimed
lock = threading.Lock()


def tell(conn, text):
    send_json(conn, {"type": "system", "text": text})


def spread(obj, but=None):
    with lock:
        conns = [conn for nick, conn in room.items() if conn is not None and nick != but]
    for conn in conns:
        try:
            send_json(conn, obj)
        except OSError:
            pass


def claim(nick):
    with lock:
        if nick in room:
            return False
        room[nick] = None
        return True


def chat(conn, buffer, nick):
    while (obj := recv_json(conn, buffer)) is not None:
        match obj:
            case {"type": "chat", "text": str(text)}:
                spread({"type": "chat", "user": nick, "text": text}, but=nick)
            case {"type": "leave"}:
                return
            case _:
                tell(conn, "chat, or leave")


def be_member(conn, buffer, nick):
    """From the claimed nick to the end."""
    inside = False
    try:
        nick.encode()  # raises ValueError for what cannot be sent to the others
        with lock:
            room[nick] = conn
        inside = True
        spread({"type": "system", "text": f"{nick} is with us"})
        chat(conn, buffer, nick)
    finally:
        with lock:
            del room[nick]
        if inside:
            spread({"type": "system", "text": f"{nick} is with us no more"})


def handle_client(conn, addr):
    buffer = bytearray()
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if 1 <= len(user.strip()) <= 32:
                        if claim(user.strip()):
                            be_member(conn, buffer, user.strip())
                            break
                        tell(conn, f"{user.strip()} is claimed already")
                    case {"type": "leave"}:
                        break
                    case _:
                        tell(conn, "join first, with a nick of 1 to 32 characters")
        except (OSError, ValueError) as error:
            print(addr, error)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
