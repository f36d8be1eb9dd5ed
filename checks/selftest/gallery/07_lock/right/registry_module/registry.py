"""The members, in a module of their own: the module is the object."""

import threading

_lock = threading.Lock()
_by_nick = {}  # nick -> connection


def add(nick, conn):
    """Return whether the nick was free."""
    with _lock:
        free = nick not in _by_nick
        if free:
            _by_nick[nick] = conn
        return free


def remove(nick, conn):
    """Return whether this connection was the member of that nick."""
    with _lock:
        if _by_nick.get(nick) is not conn:
            return False
        del _by_nick[nick]
        return True


def for_each(function, but=None):
    """Call function with each member's connection, under the lock."""
    with _lock:
        for conn in _by_nick.values():
            if conn is not but:
                function(conn)
