"""A chat goes to every member, its sender too.

fails: 05.2 05.5
says: alice heard back what alice had said
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Member:
    def __init__(self, conn):
        self.conn = conn
        self.nick = None
        self.buffer = bytearray()

    def send(self, obj):
        try:
            send_json(self.conn, obj)
        except OSError:
            pass


class ChatServer:
    def __init__(self):
        self.members = []

    def announce(self, text):
        for member in self.members[:]:
            member.send({"type": "system", "text": text})

    def chat(self, sender, text):
        for member in self.members[:]:
            member.send({"type": "chat", "user": sender.nick, "text": text})  # <--

    def join(self, member, nick):
        member.nick = nick
        self.members.append(member)
        self.announce(f"*** {nick} enters")

    def receive(self, member, obj):
        kind, user, text = obj.get("type"), obj.get("user"), obj.get("text")
        if kind == "join" and not member.nick and isinstance(user, str) and 1 <= len(user.strip()) <= 32:
            self.join(member, user.strip())
        elif kind == "chat" and member.nick and isinstance(text, str):
            self.chat(member, text)
        else:
            member.send({"type": "system", "text": "bad request"})

    def handle(self, conn):
        member = Member(conn)
        with conn:
            try:
                while (obj := recv_json(conn, member.buffer)) is not None:
                    if obj.get("type") == "leave":
                        break
                    self.receive(member, obj)
            except (OSError, ValueError):
                pass
            finally:
                if member in self.members:
                    self.members.remove(member)
                    self.announce(f"*** {member.nick} leaves")

    def run(self):
        with socket.create_server((HOST, PORT)) as listener:
            while True:
                conn, _ = listener.accept()
                threading.Thread(target=self.handle, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    ChatServer().run()
