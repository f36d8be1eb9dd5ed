"""Each message goes out in three sends, and comes in through a generator."""

import socket
import threading

from utils import messages, send_json

HOST, PORT = "127.0.0.1", 9090
people = {}


def to(conns, obj):
    for conn in conns:
        try:
            send_json(conn, obj)
        except OSError:
            pass


def note(text):
    return dict(type="system", text=text)


def serve(conn):
    nick = None
    try:
        for m in messages(conn):
            kind, user, text = m.get("type"), m.get("user"), m.get("text")
            if kind == "leave":
                break
            elif kind == "join" and nick is None and isinstance(user, str) and 1 <= len(user.strip()) <= 32:
                nick = people[conn] = user.strip()
                to(list(people), note("+ " + nick))
            elif kind == "chat" and nick is not None and isinstance(text, str):
                to([c for c in list(people) if c != conn], dict(type="chat", user=nick, text=text))
            else:
                to([conn], note("?"))
    except (OSError, ValueError):
        pass
    finally:
        if people.pop(conn, None) is not None:
            to(list(people), note("- " + nick))
        conn.close()


if __name__ == "__main__":
    server = socket.create_server((HOST, PORT))
    while True:
        client, address = server.accept()
        threading.Thread(target=serve, args=(client,), daemon=True).start()
