"""Threads that are not daemons: on Ctrl-C the listener closes, all connections are shut down, and the threads end."""

import json
import socket
import threading

from utils import recv_json

HOST, PORT = "127.0.0.1", 9090


def shut(conn):
    try:
        conn.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class Server:
    def __init__(self):
        self.lock = threading.Lock()
        self.nicks = {}  # connection -> nick
        self.open_lock = threading.Lock()
        self.open = set()  # all connections, of members and of others

    def serve_forever(self):
        with socket.create_server((HOST, PORT)) as listener:
            while True:
                conn, _ = listener.accept()
                with self.open_lock:
                    self.open.add(conn)
                threading.Thread(target=self.client, args=(conn,)).start()

    def stop(self):
        with self.open_lock:
            for conn in self.open:
                shut(conn)

    def send(self, conn, obj):
        conn.sendall(json.dumps(obj).encode() + b"\n")

    def remove(self, conn):
        with self.lock:
            nick = self.nicks.pop(conn, None)
            if nick is not None:
                shut(conn)
            return nick

    def members(self, but=None):
        with self.lock:
            return {conn: nick for conn, nick in self.nicks.items() if conn is not but}

    def tell_all(self, obj, but=None):
        unreachable = self.unreached(obj, but)
        while unreachable:
            nick = self.remove(unreachable.pop())
            if nick is not None:
                unreachable |= self.unreached({"type": "system", "text": f"{nick}: connection lost"})

    def unreached(self, obj, but=None):
        out = set()
        for conn in self.members(but):
            try:
                self.send(conn, obj)
            except OSError:
                out.add(conn)
        return out

    def converse(self, conn):
        buffer, nick = bytearray(), None
        while (obj := recv_json(conn, buffer)) is not None:
            match obj:
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    with self.lock:
                        if user.strip() not in self.nicks.values():
                            nick = self.nicks[conn] = user.strip()
                    if nick is None:
                        self.send(conn, {"type": "system", "text": f"{user.strip()}: taken"})
                    else:
                        self.tell_all({"type": "system", "text": f"{nick}: joined"})
                case {"type": "chat", "text": str(text)} if nick is not None:
                    if conn not in self.members():
                        return
                    self.tell_all({"type": "chat", "user": nick, "text": text}, but=conn)
                case {"type": "leave"}:
                    return
                case _:
                    self.send(conn, {"type": "system", "text": "invalid"})

    def client(self, conn):
        try:
            self.converse(conn)
        except (OSError, ValueError, RecursionError) as error:
            print(repr(error))
        finally:
            nick = self.remove(conn)
            if nick is not None:
                self.tell_all({"type": "system", "text": f"{nick}: left"})
            with self.open_lock:
                self.open.remove(conn)
            conn.close()


if __name__ == "__main__":
    server = Server()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.stop()
