"""The members are a set of objects; discard() tells the one thread that really took a member out."""

import json
import logging
import socket
import threading

from utils import recv_json

HOST, PORT = "127.0.0.1", 9090
log = logging.getLogger("chat")


class Member:
    def __init__(self, conn, nick):
        self.conn, self.nick = conn, nick

    def send(self, data):
        """Return whether it could be sent."""
        try:
            self.conn.sendall(data)
        except OSError as error:
            log.info("%s is dead: %s", self.nick, error)
            return False
        return True

    def hang_up(self):
        try:
            self.conn.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Room:
    def __init__(self):
        self._members = set()
        self._lock = threading.Lock()

    def add(self, member):
        """Return whether its nick was free."""
        with self._lock:
            if any(other.nick == member.nick for other in self._members):
                return False
            self._members.add(member)
            return True

    def discard(self, member):
        """Return whether it was in the room."""
        with self._lock:
            if member not in self._members:
                return False
            self._members.discard(member)
            member.hang_up()
            return True

    def __contains__(self, member):
        with self._lock:
            return member in self._members

    def broadcast(self, but=None, **obj):
        messages = [(but, obj)]
        for but, obj in messages:  # which grows while members are found dead
            data = json.dumps(obj).encode() + b"\n"
            with self._lock:
                receivers = self._members - {but}
            dead = [member for member in receivers if not member.send(data)]
            messages += [(None, {"type": "system", "text": f"{member.nick} is gone"}) for member in dead if self.discard(member)]

    def announce(self, text):
        self.broadcast(type="system", text=text)


def serve(room, conn):
    buffer, me = bytearray(), None
    try:
        while (obj := recv_json(conn, buffer)) is not None and (me is None or me in room):
            match obj:
                case {"type": "join", "user": str(user)} if me is None and 1 <= len(user.strip()) <= 32:
                    member = Member(conn, user.strip())
                    if room.add(member):
                        me = member
                        room.announce(f"{me.nick} is here")
                    else:
                        member.send(json.dumps({"type": "system", "text": f"no second {member.nick}"}).encode() + b"\n")
                case {"type": "chat", "text": str(text)} if me:
                    room.broadcast(but=me, type="chat", user=me.nick, text=text)
                case {"type": "leave"}:
                    break
                case _:
                    conn.sendall(b'{"type": "system", "text": "refused"}\n')
    except (OSError, ValueError, RecursionError) as error:
        log.info("broken off: %r", error)
    finally:
        if me and room.discard(me):
            room.announce(f"{me.nick} is gone")
        conn.close()


def main():
    logging.basicConfig(level=logging.INFO)
    room = Room()
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=serve, args=(room, conn), daemon=True).start()


if __name__ == "__main__":
    main()
