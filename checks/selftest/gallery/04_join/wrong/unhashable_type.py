"""Looks the type up in a dict; one that is a list or an object ends the thread with a TypeError.

fails: 04.4
says: the server closed alice's connection
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Session:
    def __init__(self, conn):
        self.conn = conn
        self.nick = None
        self.actions = {"join": self.join, "chat": self.chat}

    def system(self, text):
        send_json(self.conn, {"type": "system", "text": text})

    def join(self, msg):
        user = msg.get("user")
        if self.nick is not None or not isinstance(user, str) or not 1 <= len(user.strip()) <= 32:
            return self.system("join once, with a nick of 1 to 32 characters")
        self.nick = user.strip()
        self.system(f"welcome, {self.nick}")

    def chat(self, msg):
        text = msg.get("text")
        if self.nick is None or not isinstance(text, str):
            return self.system("join first, then say some text")
        send_json(self.conn, {"type": "chat", "user": self.nick, "text": text})

    def unknown(self, msg):
        self.system("unknown type")

    def run(self):
        buffer = bytearray()
        with self.conn:
            try:
                while (msg := recv_json(self.conn, buffer)) is not None:
                    if msg.get("type") == "leave":
                        break
                    action = self.actions.get(msg.get("type"), self.unknown)  # <--
                    action(msg)
            except (OSError, ValueError) as e:
                print(e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=Session(conn).run, daemon=True).start()


main()
