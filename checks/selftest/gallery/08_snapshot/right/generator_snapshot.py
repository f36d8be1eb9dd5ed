"""A generator copies under the lock (taken in a loop with a timeout), lets go of it, and only then yields one after the other."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

seats = []  # [connection, nick] pairs, guarded by key
key = threading.RLock()


def patiently(lock):
    """Take the lock; say so when it takes long."""
    while not lock.acquire(timeout=2):
        print("still waiting for the lock", flush=True)


def everybody():
    patiently(key)
    try:
        copied = [tuple(seat) for seat in seats]
    finally:
        key.release()
    yield from copied


def sit_down(conn, nick):
    patiently(key)
    try:
        if nick in (taken for _, taken in seats):
            return False
        seats.append([conn, nick])
        return True
    finally:
        key.release()


def stand_up(conn):
    patiently(key)
    try:
        for i, (sitting, nick) in enumerate(seats):
            if sitting is conn:
                del seats[i]
                return nick
        return None
    finally:
        key.release()


def announce(text):
    for conn, _ in everybody():
        deliver(conn, {"type": "system", "text": text})


def deliver(conn, obj):
    try:
        send_json(conn, obj)
    except OSError:
        return False
    return True


def talk(conn):
    me = None
    inbuf = bytearray()
    while True:
        obj = recv_json(conn, inbuf)
        if obj is None:
            return
        answer = None
        match obj.get("type"), obj.get("user"), obj.get("text"):
            case "leave", _, _:
                return
            case "join", str(user), _ if me is None and 1 <= len(user.strip()) <= 32:
                if sit_down(conn, user.strip()):
                    me = user.strip()
                    announce(f"{me} sits down")
                else:
                    answer = f"the seat of {user.strip()} is taken"
            case "chat", _, str(text) if me is not None:
                for other, nick in everybody():
                    if nick != me:
                        deliver(other, {"type": "chat", "user": me, "text": text})
            case _:
                answer = "pardon?"
        if answer:
            send_json(conn, {"type": "system", "text": answer})


def thread(conn):
    try:
        talk(conn)
    except (OSError, ValueError):
        pass
    finally:
        nick = stand_up(conn)
        if nick:
            announce(f"{nick} stands up")
        conn.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=thread, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
