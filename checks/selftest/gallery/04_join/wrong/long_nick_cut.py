"""Cuts a nick that is too long to 32 characters instead of refusing it.

fails: 04.4
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Member:
    def __init__(self, conn):
        self.conn = conn
        self.nick = ""

    def system(self, text):
        send_json(self.conn, {"type": "system", "text": text})

    def join(self, user):
        if self.nick or not isinstance(user, str) or not user.strip():
            return self.system("cannot join like that")
        self.nick = user.strip()[:32]
        self.system(f"you are {self.nick}")

    def chat(self, text):
        if self.nick and isinstance(text, str):
            send_json(self.conn, {"type": "chat", "user": self.nick, "text": text})  # <--
        else:
            self.system("cannot chat like that")

    def run(self):
        buffer = bytearray()
        with self.conn:
            try:
                while (msg := recv_json(self.conn, buffer)) is not None:
                    if msg.get("type") == "join":
                        self.join(msg.get("user"))
                    elif msg.get("type") == "chat":
                        self.chat(msg.get("text"))
                    elif msg.get("type") == "leave":
                        break
                    else:
                        self.system("unknown type")
            except (OSError, ValueError) as e:
                print(e)


if __name__ == "__main__":
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=Member(conn).run, daemon=True).start()
