"""An RLock taken twice and given back once, only on the path of a line that is no message.

fails: 07.4 07.1 07.3
says: no system message with 'newcomer-
"""

import socket
import threading

from utils import recv_json, send_json

lock = threading.RLock()
members = []  # [nick, conn]


def system(text):
    return {"type": "system", "text": text}


def send_all(obj, but=None):
    with lock:
        for _, conn in members:
            if conn is not but:
                try:
                    send_json(conn, obj)
                except OSError:
                    pass


def join(conn, nick):
    with lock:
        if nick in [name for name, _ in members]:
            return False
        members.append([nick, conn])
        send_all(system(f"{nick} has joined"))
        return True


def quit_room(conn):
    with lock:
        for entry in members:
            if entry[1] is conn:
                members.remove(entry)
                send_all(system(f"{entry[0]} has left"))
                break


def throw_out(conn, error):
    lock.acquire()  # <--
    try:
        print(len(members), "in the room; one spoke nonsense:", error)
        if any(entry[1] is conn for entry in members):
            lock.acquire()
            quit_room(conn)
    finally:
        lock.release()


def serve(conn):
    nick, buffer = None, bytearray()
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            match obj:
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    if join(conn, user.strip()):
                        nick = user.strip()
                    else:
                        send_json(conn, system(f"{user.strip()} is taken"))
                case {"type": "chat", "text": str(text)} if nick is not None:
                    send_all({"type": "chat", "user": nick, "text": text}, but=conn)
                case {"type": "leave"}:
                    break
                case _:
                    send_json(conn, system("no"))
        quit_room(conn)
    except ValueError as error:
        throw_out(conn, error)
    except OSError:
        quit_room(conn)
    conn.close()


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 9090)) as listener:
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
