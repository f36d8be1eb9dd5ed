"""A broadcast waits with Queue.join(), under the lock, until the sender thread has sent it all.

fails: 08.1 08.2
says: the thread of walter calls join
"""

import queue
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}  # connection -> nick
lock = threading.Lock()
outgoing = queue.Queue()  # (connection, message)


def sender():
    while True:
        conn, obj = outgoing.get()
        try:
            send_json(conn, obj)
        except (OSError, ValueError):
            pass
        finally:
            outgoing.task_done()


def broadcast(obj, but=None):
    with lock:
        for conn in clients:
            if conn is not but:
                outgoing.put((conn, obj))
        outgoing.join()  # <--


def system(text):
    return {"type": "system", "text": text}


def enter(conn, nick):
    with lock:
        taken = nick in clients.values()
        if not taken:
            clients[conn] = nick
    if taken:
        send_json(conn, system(f"{nick} is taken"))
        return None
    broadcast(system(f"{nick} enters"))
    return nick


def handle_client(conn):
    nick, buffer = None, bytearray()
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        nick = enter(conn, user.strip())
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        broadcast({"type": "chat", "user": nick, "text": text}, but=conn)
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, system("no such thing"))
        except (OSError, ValueError):
            pass
        with lock:
            was_in = clients.pop(conn, None) is not None
        if was_in:
            broadcast(system(f"{nick} exits"))


def main():
    threading.Thread(target=sender, daemon=True).start()
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
