"""Its reaper waits on the condition without looking whether there are dead by now: a notify is lost while it is at work.

fails: 09.3
says: no system message with '
"""
import socket
import threading

from utils import recv_json, send_json


class Hall:
    def __init__(self):
        self.cond = threading.Condition()
        self.nicks = {}
        self.dead = []
        threading.Thread(target=self.reap, name="reaper", daemon=True).start()

    def enter(self, conn, nick):
        with self.cond:
            if nick in self.nicks.values():
                return False
            self.nicks[conn] = nick
            return True

    def report(self, conn):
        with self.cond:
            if conn in self.nicks:
                self.dead.append(conn)
                self.cond.notify()

    def reap(self):
        while True:
            with self.cond:
                self.cond.wait()
                batch, self.dead = self.dead, []
                gone = {}
                for conn in batch:
                    if conn in self.nicks:
                        gone[conn] = self.nicks.pop(conn)
            for conn, nick in gone.items():
                try:
                    conn.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            for nick in gone.values():
                self.tell({"type": "system", "text": f"{nick} is dead"})

    def tell(self, obj, sender=None):
        with self.cond:
            if sender is not None and sender not in self.nicks:
                return
            conns = [c for c in self.nicks if c is not sender]
        for c in conns:
            try:
                send_json(c, obj)  # <--
            except OSError:
                self.report(c)


hall = Hall()


def handle_client(conn, addr):
    nick, buffer = None, bytearray()
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        if hall.enter(conn, user.strip()):
                            nick = user.strip()
                            hall.tell({"type": "system", "text": f"{nick} is here"})
                        else:
                            send_json(conn, {"type": "system", "text": f"{user.strip()} is taken"})
                    case {"type": "chat", "text": str(text)} if nick:
                        hall.tell({"type": "chat", "user": nick, "text": text}, conn)
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, {"type": "system", "text": "no"})
        except (OSError, ValueError):
            pass
        finally:
            hall.report(conn)


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 9090)) as listener:
        while True:
            threading.Thread(target=handle_client, args=listener.accept(), daemon=True).start()
