"""One dispatcher sends everything; what is to be sent lies in a deque under a Condition, with a list of who gets it."""

import collections
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}
lock = threading.Lock()
outgoing = collections.deque()
something = threading.Condition()


def dispatch():
    while True:
        with something:
            while not outgoing:
                something.wait()
            receivers, obj = outgoing.popleft()
        while receivers:
            try:
                send_json(receivers.pop(0), obj)
            except OSError:
                pass


def post(obj, but=None):
    receivers = []
    with lock:
        for conn in clients:
            if conn is not but:
                receivers.append(conn)
    with something:
        outgoing.append((receivers, obj))
        something.notify()


def tell(conn, text):
    with something:
        outgoing.append(([conn], {"type": "system", "text": text}))
        something.notify()


def serve(conn):
    buffer, nick = bytearray(), ""
    try:
        while True:
            obj = recv_json(conn, buffer)
            if obj is None or obj.get("type") == "leave":
                return
            kind, user, text = obj.get("type"), obj.get("user"), obj.get("text")
            if kind == "join" and not nick and isinstance(user, str) and 0 < len(user.strip()) < 33:
                with lock:
                    if user.strip() not in clients.values():
                        clients[conn] = nick = user.strip()
                if nick:
                    post({"type": "system", "text": nick + " has come"})
                else:
                    tell(conn, "taken: " + user.strip())
            elif kind == "chat" and nick and isinstance(text, str):
                post({"type": "chat", "user": nick, "text": text}, but=conn)
            else:
                tell(conn, "I do not understand")
    except (OSError, ValueError):
        return
    finally:
        with lock:
            clients.pop(conn, None)
        if nick:
            post({"type": "system", "text": nick + " has gone"})
        conn.shutdown(socket.SHUT_RDWR) if conn.fileno() < 0 else None
        conn.close()


def main():
    threading.Thread(target=dispatch, daemon=True).start()
    listener = socket.create_server((HOST, PORT))
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=serve, args=[conn], daemon=True).start()


main()
