"""No sending to others: all is written to one log under a Condition, and a second thread of each member reads it."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

log = []  # (who must not hear it, message)
changed = threading.Condition()


def write(obj, but=None):
    with changed:
        log.append((but, obj))
        changed.notify_all()


class Client:
    def __init__(self, conn):
        self.conn = conn
        self.nick = None
        self.gone = False

    def listen_to_log(self, position):
        while True:
            with changed:
                changed.wait_for(lambda: self.gone or len(log) > position)
                news = log[position:]
                if not news:
                    return  # gone, and all said
            position += len(news)
            for but, obj in news:
                if but is not self:
                    try:
                        send_json(self.conn, obj)
                    except ValueError:
                        pass  # it cannot be said in UTF-8
                    except OSError:
                        return

    def join(self, nick):
        self.nick = nick
        with changed:
            position = len(log)
            log.append((None, {"type": "system", "text": f"{nick} is online"}))
            changed.notify_all()
        self.listener = threading.Thread(target=self.listen_to_log, args=(position,), daemon=True)
        self.listener.start()

    def serve(self):
        buffer = bytearray()
        while (obj := recv_json(self.conn, buffer)) is not None:
            match obj:
                case {"type": "join", "user": str(user)} if not self.nick and 1 <= len(user.strip()) <= 32:
                    self.join(user.strip())
                case {"type": "chat", "text": str(text)} if self.nick:
                    write({"type": "chat", "user": self.nick, "text": text}, but=self)
                case {"type": "leave"}:
                    return
                case _:
                    send_json(self.conn, {"type": "system", "text": "not now, not so"})

    def run(self):
        try:
            self.serve()
        except (OSError, ValueError):
            pass
        finally:
            with changed:
                self.gone = True
                changed.notify_all()
            if self.nick:
                self.listener.join(1)
            try:
                self.conn.shutdown(socket.SHUT_RDWR)  # wakes a send that is stuck
            except OSError:
                pass
            self.conn.close()
            if self.nick:
                write({"type": "system", "text": f"{self.nick} is offline"})


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=Client(conn).run, daemon=True).start()


if __name__ == "__main__":
    main()
