"""The nick is set before it is looked at: a second join with a bad nick is refused, but changes the name.

fails: 04.4
says: alice heard 'alice-
"""
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Member:
    def __init__(self, conn):
        self.conn = conn
        self.nick = None
        self.joined = False

    def system(self, text):
        send_json(self.conn, {"type": "system", "text": text})

    def join(self, user):
        if not isinstance(user, str):
            return self.system("the nick must be a string")
        previous, self.nick = self.nick, user.strip()
        if not 1 <= len(self.nick) <= 32:
            return self.system("the nick must have 1 to 32 characters")
        if self.joined:
            self.nick = previous
            return self.system(f"you are {self.nick} already")
        self.joined = True
        self.system(f"welcome, {self.nick}")

    def chat(self, text):
        if not self.joined:
            return self.system("join first")
        if not isinstance(text, str):
            return self.system("the text must be a string")
        send_json(self.conn, {"type": "chat", "user": self.nick, "text": text})  # <--


def handle_client(conn, addr):
    member = Member(conn)
    buffer = bytearray()
    with conn:
        try:
            while (msg := recv_json(conn, buffer)) is not None:
                match msg.get("type"):
                    case "join":
                        member.join(msg.get("user"))
                    case "chat":
                        member.chat(msg.get("text"))
                    case "leave":
                        break
                    case other:
                        member.system(f"no such type: {other}")
        except (OSError, ValueError) as e:
            print(addr, e)


def main():
    with socket.create_server((HOST, PORT), backlog=64) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
