# Who is in the room, and the lock for it.

import threading

members = []  # (connection, nick)
lock = threading.Lock()


def add(conn, nick):
    """Return False if the nick is taken."""
    with lock:
        if nick in [other for _, other in members]:  # <--
            return False
        members.append((conn, nick))
        return True


def remove(conn):
    """Return the nick that conn had, or None if it is not a member any more."""
    with lock:
        for member in members:
            if member[0] is conn:
                members.remove(member)
                return member[1]
    return None


def connections(but=None):
    with lock:
        return [conn for conn, _ in members if conn is not but]
