"""A thread looks at the members twice a second; counters and the last lines of the log have locks of their own."""

import collections
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

room = {}  # nick -> connection
room_lock = threading.Lock()

counts = collections.Counter()
counts_lock = threading.Lock()

last_lines = collections.deque(maxlen=20)
last_lines_lock = threading.Lock()


def note(what, line):
    with counts_lock:
        counts[what] += 1
    with last_lines_lock:
        last_lines.append(line)


def statistics(pause):
    while not pause.wait(0.5):
        with room_lock:
            longest = max(map(len, room), default=0)
            here = len(room)
        with counts_lock:
            summary = dict(counts)
        print(f"{here} members, the longest nick has {longest} letters; {summary}")


def tell_all(obj, but=None):
    with room_lock:
        copy = room.copy()
    copy.pop(but, None)
    for nick, conn in copy.items():
        try:
            send_json(conn, obj)
        except OSError as error:
            note("failed", f"{nick}: {error}")


def system(text):
    return {"type": "system", "text": text}


def handle_client(conn, addr):
    buffer = bytearray()
    nick = None
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        with room_lock:
                            free = room.setdefault(user.strip(), conn) is conn
                        if free:
                            nick = user.strip()
                            note("joined", nick)
                            tell_all(system(f"{nick} joined"))
                        else:
                            note("refused", user)
                            send_json(conn, system(f"{user.strip()} is taken"))
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        note("said", text[:80])
                        tell_all({"type": "chat", "user": nick, "text": text}, but=nick)
                    case {"type": "leave"}:
                        break
                    case _:
                        note("refused", str(obj)[:80])
                        send_json(conn, system("refused"))
        except (OSError, ValueError) as error:
            note("broken off", f"{addr}: {error}")
        finally:
            if nick is not None:
                with room_lock:
                    del room[nick]
                note("left", nick)
                tell_all(system(f"{nick} left"))


def main():
    threading.Thread(target=statistics, args=(threading.Event(),), daemon=True).start()
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle_client, args=listener.accept(), daemon=True).start()


if __name__ == "__main__":
    main()
