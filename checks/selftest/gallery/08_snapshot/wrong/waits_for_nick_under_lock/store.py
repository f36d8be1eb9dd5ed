# Who is in the room, and the lock for it.

import threading
import time

_members = []  # (connection, nick)
_lock = threading.RLock()


def add(conn, nick):
    """Return False if the nick is taken."""
    with _lock:  # <--
        for _ in range(3):
            if nick not in [other for _, other in _members]:
                _members.append((conn, nick))
                return True
            time.sleep(0.05)
        return False


def remove(conn):
    """Return the nick that conn had, or None."""
    with _lock:
        for member in _members:
            if member[0] is conn:
                _members.remove(member)
                return member[1]


def connections(but=None):
    with _lock:
        return [conn for conn, _ in _members if conn is not but]
