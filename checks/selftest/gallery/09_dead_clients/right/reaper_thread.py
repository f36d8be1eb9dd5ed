"""A reaper thread gets the dead through a queue and takes them out of the room; it never sends anything itself."""

import json
import queue
import socket
import threading

from utils import recv_json

HOST, PORT = "127.0.0.1", 9090

room = {}  # connection -> nick
room_lock = threading.Lock()
found_dead = queue.SimpleQueue()


def reaper():
    while True:
        conn = found_dead.get()
        with room_lock:
            if room.pop(conn, None) is not None:
                try:
                    conn.shutdown(socket.SHUT_RDWR)  # now its thread ends, and announces it
                except OSError:
                    pass


def send(conn, obj):
    conn.sendall(json.dumps(obj).encode() + b"\n")


def tell(receivers, obj):
    for conn in receivers:
        try:
            send(conn, obj)
        except OSError:
            found_dead.put(conn)


def announce(text):
    with room_lock:
        receivers = tuple(room)
    tell(receivers, {"type": "system", "text": text})


def others_of(conn):
    """Return the other members; None when this one is out of the room."""
    with room_lock:
        return [other for other in room if other is not conn] if conn in room else None


def join(conn, nick):
    with room_lock:
        if nick in set(room.values()):
            return False
        room[conn] = nick
    return True


def handle_client(conn, addr):
    buffer = bytearray()
    nick = None
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        if join(conn, user.strip()):
                            nick = user.strip()
                            announce(f"{nick} joined")
                        else:
                            send(conn, {"type": "system", "text": f"{user.strip()} is alive and here"})
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        others = others_of(conn)
                        if others is None:
                            break
                        tell(others, {"type": "chat", "user": nick, "text": text})
                    case {"type": "leave"}:
                        break
                    case _:
                        send(conn, {"type": "system", "text": "no, thank you"})
        except (OSError, ValueError, RecursionError) as error:
            print(addr, repr(error))
        finally:
            if nick is not None:
                with room_lock:
                    room.pop(conn, None)
                announce(f"{nick} left")


def main():
    threading.Thread(target=reaper, daemon=True).start()
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle_client, args=listener.accept(), daemon=True).start()


if __name__ == "__main__":
    main()
