"""No lock: one thread owns the members and answers questions through Futures; each client's thread sends for itself."""

import queue
import socket
import threading
from concurrent.futures import Future

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

questions = queue.SimpleQueue()


def owner():
    members = {}  # connection -> nick; nobody else sees it
    while True:
        answer, verb, conn, nick = questions.get()
        if verb == "join":
            free = nick not in members.values()
            if free:
                members[conn] = nick
            answer.set_result(free)
        elif verb == "leave":
            answer.set_result(members.pop(conn, None))
        else:
            answer.set_result(members.copy())


def ask(verb, conn=None, nick=None):
    answer = Future()
    questions.put((answer, verb, conn, nick))
    return answer.result()


def broadcast(obj, but=None):
    for conn in ask("who"):
        if conn is not but:
            try:
                send_json(conn, obj)
            except OSError:
                pass


def system(text):
    return {"type": "system", "text": text}


def handle_client(conn, addr):
    buffer, nick = bytearray(), None
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        if ask("join", conn, user.strip()):
                            nick = user.strip()
                            broadcast(system(f"{nick} joined"))
                        else:
                            send_json(conn, system(f"the owner says that {user.strip()} is taken"))
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        broadcast({"type": "chat", "user": nick, "text": text}, but=conn)
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, system("not so"))
        except (OSError, ValueError) as error:
            print(addr, error)
        finally:
            if ask("leave", conn) is not None:
                broadcast(system(f"{nick} left"))


def main():
    threading.Thread(target=owner, daemon=True).start()
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle_client, args=listener.accept(), daemon=True).start()


if __name__ == "__main__":
    main()
