# Who is in the room, and the lock for it.

import threading

_members = []  # (connection, nick)
_lock = threading.RLock()

_idle = threading.Condition()  # guards _busy
_busy = []  # connections that somebody is sending to


def begins(conn):
    with _idle:
        _busy.append(conn)


def ends(conn):
    with _idle:
        _busy.remove(conn)
        _idle.notify_all()


def add(conn, nick):
    """Return False if the nick is taken."""
    with _lock:
        for _, other in _members:
            if other == nick:
                return False
        _members.append((conn, nick))
        return True


def remove(conn):
    """Return the nick that conn had, or None."""
    with _lock:
        for member in _members:
            if member[0] is conn:
                _members.remove(member)
                with _idle:
                    _idle.wait_for(lambda: conn not in _busy)  # <--
                return member[1]


def connections(but=None):
    with _lock:
        return [conn for conn, _ in _members if conn is not but]
