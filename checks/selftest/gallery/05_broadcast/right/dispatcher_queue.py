"""One dispatcher thread with one queue owns the room; the clients' threads only read and put."""

import queue
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
events = queue.Queue()


def reader(conn):
    """A client's thread: whatever it reads goes into the queue, None at the end."""
    buffer = bytearray()
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            events.put((conn, obj))
            if obj.get("type") == "leave":
                return  # the dispatcher will close
    except (OSError, ValueError):
        pass
    finally:
        events.put((conn, None))


def post(conns, kind, **fields):
    for conn in conns:
        try:
            send_json(conn, {"type": kind, **fields})
        except (OSError, ValueError):
            pass


def dispatcher():
    room = {}
    while True:
        conn, obj = events.get()
        nick = room.get(conn)
        match obj:
            case None | {"type": "leave"}:
                if room.pop(conn, None) is not None:
                    post(room, "system", text=f"{nick} is no longer here")
                conn.close()
            case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                room[conn] = user.strip()
                post(room, "system", text=f"{room[conn]} is here now")
            case {"type": "chat", "text": str(text)} if nick is not None:
                post([c for c in room if c is not conn], "chat", user=nick, text=text)
            case _:
                post([conn], "system", text="this makes no sense here")


def main():
    threading.Thread(target=dispatcher, daemon=True).start()
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=reader, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
