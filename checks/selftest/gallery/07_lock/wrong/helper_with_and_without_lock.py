"""A helper that goes through the members is called with the lock for a chat, and without it for a join.

fails: 07.3
"""

import functools
import socket
import threading

import utils

HOST, PORT = "127.0.0.1", 9090


def send(conn, kind, **fields):
    utils.send_json(conn, {"type": kind, **fields})


def broadcast(members, kind, but=None, **fields):
    """The caller holds the lock."""
    for conn, _ in members:
        if conn != but:
            try:
                send(conn, kind, **fields)
            except OSError:
                continue


def join(conn, nick, members, lock):
    lock.acquire()
    try:
        if nick in [name for _, name in members]:
            return False
        members.add((conn, nick))
    finally:
        lock.release()
    return True


def leave(conn, nick, members, lock):
    with lock:
        members.discard((conn, nick))
        broadcast(members, "system", text=f"-{nick}")


def serve(conn, members, lock):
    nick = None
    receive = functools.partial(utils.recv_json, conn, bytearray())
    try:
        while (obj := receive()) is not None:
            match obj:
                case {"type": "leave"}:
                    break
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    if not join(conn, user.strip(), members, lock):
                        send(conn, "system", text=f"={user.strip()} (taken)")
                        continue
                    nick = user.strip()
                    broadcast(members, "system", text=f"+{nick}")  # <--
                case {"type": "chat", "text": str(text)} if nick is not None:
                    with lock:
                        broadcast(members, "chat", but=conn, user=nick, text=text)
                case _:
                    send(conn, "system", text="?")
    except (OSError, ValueError) as error:
        print(repr(error))
    finally:
        if nick is not None:
            leave(conn, nick, members, lock)


def handle_client(conn, addr, work):
    with conn:
        work(conn)


def main():
    work = functools.partial(serve, members=set(), lock=threading.Lock())
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr, work), daemon=True).start()


if __name__ == "__main__":
    main()
