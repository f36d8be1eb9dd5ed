# Who is in the room, and the lock for it.

import threading

members = []  # (connection, nick)
_lock = threading.RLock()


def add(conn, nick):
    """Return False if the nick is taken."""
    with _lock:
        for _, other in members:
            if other == nick:
                return False
        members.append((conn, nick))  # <--
        return True


def remove(conn):
    """Return the nick that conn had, or None."""
    with _lock:
        for member in members:
            if member[0] is conn:
                members.remove(member)  # <--
                return member[1]
