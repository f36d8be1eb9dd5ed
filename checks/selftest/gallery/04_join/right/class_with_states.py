"""A class whose handler method is replaced once the client has joined."""

import socket
import threading

from utils import recv_json, send_json


class ClientThread(threading.Thread):
    def __init__(self, conn):
        threading.Thread.__init__(self, daemon=True)
        self.conn = conn
        self.buffer = bytearray()
        self.user = None
        self.on_message = self.before_join

    def tell(self, text):
        send_json(self.conn, {"type": "system", "text": text})

    def before_join(self, msg):
        if msg.get("type") != "join":
            return self.tell("Who are you? Join first.")
        user = msg.get("user")
        if not isinstance(user, str):
            return self.tell("A nick is a string.")
        user = user.strip()
        if user == "":
            return self.tell("A nick is not empty.")
        if len(user) > 32:
            return self.tell("That nick is too long.")
        self.user = user
        self.on_message = self.after_join
        self.tell(f"Hello, {user}!")

    def after_join(self, msg):
        if msg.get("type") == "chat" and isinstance(msg.get("text"), str):
            send_json(self.conn, {"type": "chat", "user": self.user, "text": msg["text"]})
        else:
            self.tell(f"{self.user}, say something that I understand.")

    def run(self):
        try:
            while True:
                msg = recv_json(self.conn, self.buffer)
                if msg is None or msg.get("type") == "leave":
                    break
                self.on_message(msg)
        except (ValueError, OSError):
            pass
        finally:
            self.conn.close()


if __name__ == "__main__":
    server = socket.create_server(("127.0.0.1", 9090), backlog=100)
    try:
        while True:
            ClientThread(server.accept()[0]).start()
    except KeyboardInterrupt:
        server.close()
