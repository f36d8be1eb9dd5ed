# Who is in the room, and the lock for it.

import threading

_members = []  # (connection, nick)
_lock = threading.RLock()


def is_free(nick):
    with _lock:
        return all(other != nick for _, other in _members)


def add(conn, nick):
    with _lock:
        _members.append((conn, nick))


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
