"""No globals and no classes: main() makes an OrderedDict and a lock, and inner functions use them."""

import collections
import socket
import threading

from utils import recv_json, send_json


def main():
    members = collections.OrderedDict()  # connection -> nick, in the order of their joins
    lock = threading.Lock()

    def system(text):
        return {"type": "system", "text": text}

    def broadcast(obj, but=None):
        with lock:
            for conn in members:
                if conn is not but:
                    try:
                        send_json(conn, obj)
                    except OSError:
                        pass

    def enter(conn, nick):
        with lock:
            if nick in members.values():
                return False
            members[conn] = nick
            members.move_to_end(conn, last=False)  # the newest first
        return True

    def converse(conn, receive):
        nick = None
        while (obj := receive()) is not None:
            match obj:
                case {"type": "leave"}:
                    return
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    if enter(conn, user.strip()):
                        nick = user.strip()
                        broadcast(system(f"{nick} sits down"))
                    else:
                        send_json(conn, system(f"{user.strip()} sits here already"))
                case {"type": "chat", "text": str(text)} if nick is not None:
                    broadcast({"type": "chat", "user": nick, "text": text}, but=conn)
                case _:
                    send_json(conn, system("I do not understand"))

    def handle_client(conn):
        buffer = bytearray()
        try:
            converse(conn, lambda: recv_json(conn, buffer))
        except (OSError, ValueError):
            pass
        finally:
            with conn:
                with lock:
                    nick = members.pop(conn, None)
                if nick is not None:
                    broadcast(system(f"{nick} gets up and goes"))

    with socket.create_server(("127.0.0.1", 9090)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
