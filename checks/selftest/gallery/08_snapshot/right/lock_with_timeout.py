"""The lock is always taken with a time-out, and again until it was got."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}  # connection -> nick
lock = threading.Lock()


def take_lock():
    while not lock.acquire(timeout=5):
        print("the lock is busy for 5 seconds; still waiting")


def receivers(sender=None):
    take_lock()
    try:
        return tuple(conn for conn in clients if conn is not sender)
    finally:
        lock.release()


def sign_in(conn, nick):
    take_lock()
    try:
        if nick in clients.values():
            return f"{nick} has signed in before you"
        clients[conn] = nick
        return None
    finally:
        lock.release()


def sign_out(conn):
    take_lock()
    nick = clients.pop(conn, None)
    lock.release()
    return nick


def deliver(obj, sender=None):
    for conn in receivers(sender):
        try:
            send_json(conn, obj)
        except OSError:
            continue


def system(text):
    return {"type": "system", "text": text}


def handle_client(conn, addr):
    buffer = bytearray()
    nick = None
    try:
        while True:
            obj = recv_json(conn, buffer)
            match obj:
                case None | {"type": "leave"}:
                    break
                case {"type": "join", "user": str(user)} if nick is None and 0 < len(user.strip()) < 33:
                    problem = sign_in(conn, user.strip())
                    if problem:
                        send_json(conn, system(problem))
                    else:
                        nick = user.strip()
                        deliver(system(f"{nick} signed in"))
                case {"type": "chat", "text": str(text)} if nick is not None:
                    deliver({"type": "chat", "user": nick, "text": text}, sender=conn)
                case _:
                    send_json(conn, system("this cannot be done"))
    except (OSError, ValueError) as error:
        print(addr, error)
    finally:
        with conn:
            if sign_out(conn) is not None:
                deliver(system(f"{nick} signed out"))


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
