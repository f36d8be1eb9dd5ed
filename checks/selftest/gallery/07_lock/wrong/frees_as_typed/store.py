# Who is in the room, and the lock for it.

import threading

_members = []  # connections
_nicks = set()
_lock = threading.RLock()


def add(conn, nick):
    """Return False if the nick is taken."""
    with _lock:
        if nick in _nicks:
            return False
        _nicks.add(nick)
        _members.append(conn)
        return True


def remove(conn, nick):
    with _lock:
        _members.remove(conn)
        _nicks.discard(nick)


def connections(but=None):
    with _lock:
        return [conn for conn in _members if conn is not but]
