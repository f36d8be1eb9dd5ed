"""No globals and no lock: closures in main(), and a queue of one place from which the dict is taken and put back."""

import json
import queue
import socket
import threading

from utils import recv_json


def main(address=("127.0.0.1", 9090)):
    box = queue.Queue(1)
    box.put({})  # connection -> nick

    def send(conn, obj):
        conn.sendall(json.dumps(obj).encode() + b"\n")

    def system(text):
        return {"type": "system", "text": text}

    def with_members(function):
        """Call function(members) while nobody else has them."""
        members = box.get()
        try:
            return function(members)
        finally:
            box.put(members)

    def remove(conn):
        def pop(members):
            nick = members.pop(conn, None)
            if nick is not None:
                try:
                    conn.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            return nick
        return with_members(pop)

    def join(conn, nick):
        def insert(members):
            return nick not in members.values() and members.setdefault(conn, nick) == nick
        return with_members(insert)

    def broadcast(obj, but=None):
        news = [(obj, but)]
        for obj, but in news:
            for conn in with_members(list):
                if conn is not but:
                    try:
                        send(conn, obj)
                    except OSError:
                        nick = remove(conn)
                        if nick is not None:
                            news.append((system(f"{nick} dropped out"), None))

    def serve(conn):
        buffer, nick = bytearray(), None
        while (obj := recv_json(conn, buffer)) is not None:
            match obj:
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    if join(conn, user.strip()):
                        nick = user.strip()
                        broadcast(system(f"{nick} dropped in"))
                    else:
                        send(conn, system(f"{user.strip()} is in"))
                case {"type": "chat", "text": str(text)} if nick is not None:
                    if not with_members(lambda members: conn in members):
                        return
                    broadcast({"type": "chat", "user": nick, "text": text}, but=conn)
                case {"type": "leave"}:
                    return
                case _:
                    send(conn, system("not in the box"))

    def handle_client(conn):
        with conn:
            try:
                serve(conn)
            except (OSError, ValueError, RecursionError) as error:
                print(repr(error))
            finally:
                nick = remove(conn)
                if nick is not None:
                    broadcast(system(f"{nick} dropped out"))

    with socket.create_server(address) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
