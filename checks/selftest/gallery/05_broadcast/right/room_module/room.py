from utils import send_json

_members = {}


def enter(conn, nick):
    _members[conn] = nick
    to_all({"type": "system", "text": f"{nick} has come in"})


def exit(conn):
    nick = _members.pop(conn, None)
    if nick is not None:
        to_all({"type": "system", "text": f"{nick} has gone out"})


def nick_of(conn):
    return _members.get(conn)


def to_all(obj, but=None):
    for conn in tuple(_members):
        if conn is not but:
            try:
                send_json(conn, obj)
            except OSError:
                pass
