"""All sends are done by one thread that looks for work in a deque, a hundred times a second."""
import socket
import threading
import time
from collections import deque

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}
work = deque()
lock = threading.Lock()


def system(text):
    return {"type": "system", "text": text}


def broadcast(obj, but=None):
    with lock:
        work.append(([conn for conn in clients if conn is not but], obj))


def dispatcher():
    while True:
        while work:
            targets, obj = work.popleft()
            for conn in targets:
                try:
                    send_json(conn, obj)
                except OSError:
                    pass
        time.sleep(0.01)


def handle_client(conn, addr):
    buffer = bytearray()
    nick = None
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        wanted = user.strip()
                        with lock:
                            if wanted not in clients.values():
                                nick = clients[conn] = wanted
                        if nick is None:
                            work.append(([conn], system(f"{wanted} is taken")))
                        else:
                            broadcast(system(f"{nick} has joined"))
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        broadcast({"type": "chat", "user": nick, "text": text}, but=conn)
                    case {"type": "leave"}:
                        break
                    case _:
                        work.append(([conn], system("what?")))
        except (OSError, ValueError):
            pass
        with lock:
            was_in = clients.pop(conn, None)
        if was_in:
            broadcast(system(f"{nick} has left"))


def main():
    threading.Thread(target=dispatcher, daemon=True).start()
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
