"""On Ctrl-C the list of members is exchanged for an empty one under the lock, and gone through when nobody else can have it."""
import contextlib
import socket
import threading

from utils import recv_json, send_json

members = []  # (connection, nick)
lock = threading.Lock()


def join(conn, nick):
    with lock:
        if any(nick == other for _, other in members):
            return False
        members.append((conn, nick))
    return True


def part(conn):
    global members
    with lock:
        rest = [member for member in members if member[0] is not conn]
        was_in = len(rest) < len(members)
        members = rest
    return was_in


def tell(obj, but=None):
    with lock:
        for conn, _ in members:
            if conn is not but:
                with contextlib.suppress(OSError):
                    send_json(conn, obj)


def serve(conn):
    nick, buffer = None, bytearray()
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            match obj:
                case {"type": "leave"}:
                    break
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    if join(conn, user.strip()):
                        nick = user.strip()
                        tell({"type": "system", "text": f"{nick} is here"})
                    else:
                        send_json(conn, {"type": "system", "text": f"{user.strip()} is here already"})
                case {"type": "chat", "text": str(text)} if nick is not None:
                    tell({"type": "chat", "user": nick, "text": text}, but=conn)
                case _:
                    send_json(conn, {"type": "system", "text": "not now"})
    except (OSError, ValueError):
        pass
    finally:
        if part(conn):
            tell({"type": "system", "text": f"{nick} is not here any more"})
        conn.close()


def main():
    global members
    with socket.create_server(("127.0.0.1", 9090)) as listener:
        try:
            while True:
                conn, _ = listener.accept()
                threading.Thread(target=serve, args=(conn,), daemon=True).start()
        except KeyboardInterrupt:
            with lock:
                left, members = members, []
            for conn, _ in left:
                with contextlib.suppress(OSError):
                    conn.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    main()
