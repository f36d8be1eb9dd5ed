# Who is in the room, and the lock for it.

import threading

_members = []  # (connection, nick)
lock = threading.RLock()


def add(conn, nick):
    """Return False if the nick is taken."""
    with lock:
        for _, other in _members:
            if other == nick:
                return False
        _members.append((conn, nick))
        return True


def remove(conn):
    """Return the nick that conn had, or None."""
    with lock:
        for member in _members:
            if member[0] is conn:
                _members.remove(member)
                return member[1]


def connections(but=None):
    with lock:
        return [conn for conn, _ in _members if conn is not but]
