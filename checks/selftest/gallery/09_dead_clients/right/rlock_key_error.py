"""An RLock, two dicts, and `del` in a try: who gets the KeyError came too late and announces nothing."""

import json
import socket
import threading

from utils import recv_json

HOST, PORT = "127.0.0.1", 9090

lock = threading.RLock()
nick_of = {}
conn_of = {}


def enter(conn, nick):
    with lock:
        if nick in conn_of:
            return False
        conn_of[nick] = conn
        nick_of[conn] = nick
        return True


def nick_of_conn(conn):
    with lock:
        return nick_of.get(conn)


def delete(conn):
    """Return its nick. Raises KeyError when it is no member (any more)."""
    lock.acquire()
    try:
        nick = nick_of_conn(conn)
        del nick_of[conn]
        del conn_of[nick]
        try:
            conn.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        return nick
    finally:
        lock.release()


def members():
    with lock:
        return set(nick_of)


def reply(conn, text):
    conn.sendall(json.dumps({"type": "system", "text": text}).encode() + b"\n")


def tell(receivers, obj):
    """Return the connections to which it could not be sent."""
    data = json.dumps(obj).encode() + b"\n"
    failed = []
    for conn in receivers:
        try:
            conn.sendall(data)
        except OSError:
            failed.append(conn)
    return failed


def remove_all(gone):
    while gone:
        try:
            nick = delete(gone.pop())
        except KeyError:
            continue
        gone += tell(members(), {"type": "system", "text": f"exit {nick}"})


def handle_client(conn, addr):
    buffer, nick = bytearray(), None
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None and nick == nick_of_conn(conn):
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        if enter(conn, user.strip()):
                            nick = user.strip()
                            remove_all(tell(members(), {"type": "system", "text": f"enter {nick}"}))
                        else:
                            reply(conn, f"{user.strip()} has entered already")
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        remove_all(tell(members() - {conn}, {"type": "chat", "user": nick, "text": text}))
                    case {"type": "leave"}:
                        break
                    case _:
                        reply(conn, "not in this scene")
        except (OSError, ValueError, RecursionError) as error:
            print(addr, repr(error))
        finally:
            remove_all([conn])


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle_client, args=listener.accept(), daemon=True).start()


if __name__ == "__main__":
    main()
