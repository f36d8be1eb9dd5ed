"""A subclass of Thread for each client; the threads are their own store, and a class attribute holds them."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class ClientThread(threading.Thread):
    members: list["ClientThread"] = []
    guard = threading.Lock()

    def __init__(self, conn, addr):
        super().__init__(name=f"client {addr[1]}", daemon=True)
        self.conn = conn
        self.nick = None

    @classmethod
    def everyone(cls):
        with cls.guard:
            return list(cls.members)

    def give(self, kind, text, **more):
        try:
            send_json(self.conn, dict(more, type=kind, text=text))
        except OSError:
            pass

    def enter(self, nick):
        self.nick = nick
        with self.guard:
            self.members.append(self)
        for member in self.everyone():
            member.give("system", f"[{nick} logs in]")

    def run(self):
        try:
            with self.conn:
                self.talk()
        except (OSError, ValueError) as problem:
            print(self.name, problem)
        finally:
            if self.nick:
                with self.guard:
                    self.members.remove(self)
                for member in self.everyone():
                    member.give("system", f"[{self.nick} logs out]")

    def talk(self):
        buffer = bytearray()
        while (obj := recv_json(self.conn, buffer)) is not None:
            match obj.get("type"), obj.get("user"), obj.get("text"), self.nick:
                case "leave", _, _, _:
                    return
                case "join", str(user), _, None if 0 < len(user.strip()) <= 32:
                    self.enter(user.strip())
                case "chat", _, str(text), str(nick):
                    for member in self.everyone():
                        if member is not threading.current_thread():
                            member.give("chat", text, user=nick)
                case _:
                    self.give("system", "[refused]")


if __name__ == "__main__":
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            ClientThread(*listener.accept()).start()
