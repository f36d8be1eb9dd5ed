"""Each member has a queue and a thread that empties it; a leaver's thread is joined under the lock.

fails: 08.1
says: the thread of henry calls join
"""

import queue
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

lock = threading.Lock()
members = {}  # nick -> Writer


class Writer(threading.Thread):
    """Sends what is put to it, in order, until None."""

    def __init__(self, conn):
        super().__init__(daemon=True)
        self.conn, self.outbox = conn, queue.SimpleQueue()
        self.start()

    def run(self):
        while (obj := self.outbox.get()) is not None:
            try:
                send_json(self.conn, obj)
            except OSError:
                pass


def tell(text, but=None, user=None):
    obj = {"type": "system", "text": text} if user is None else {"type": "chat", "user": user, "text": text}
    with lock:
        for writer in members.values():
            if writer is not but:
                writer.outbox.put(obj)


def add(nick, writer):
    with lock:
        if nick in members:
            return False
        members[nick] = writer
        return True


def remove(nick):
    with lock:
        writer = members.pop(nick)
        writer.outbox.put(None)
        writer.join()  # <--


def handle_client(conn):
    writer, nick, buffer = Writer(conn), None, bytearray()
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            match obj:
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    if add(user.strip(), writer):
                        nick = user.strip()
                        tell(f"{nick} is on board")
                    else:
                        writer.outbox.put({"type": "system", "text": f"{user.strip()} is on board already"})
                case {"type": "chat", "text": str(text)} if nick is not None:
                    tell(text, but=writer, user=nick)
                case {"type": "leave"}:
                    break
                case _:
                    writer.outbox.put({"type": "system", "text": "how do you mean?"})
    except (OSError, ValueError):
        pass
    finally:
        if nick is not None:
            remove(nick)
            tell(f"{nick} has gone ashore")
        writer.outbox.put(None)
        writer.join()
        conn.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
