"""Chat room with a feature that nobody asked for: "@nick text" is whispered to that member only.

fails: 05.2
says: no chat message came to carol
"""
import re
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
WHISPER = re.compile(r"@(\S+)\s+(.*)", re.DOTALL)


class User:
    def __init__(self, conn, addr):
        self.conn = conn
        self.addr = addr
        self.name = None

    def send(self, obj):
        try:
            send_json(self.conn, obj)
        except OSError:
            print("could not send to", self.addr)


class ChatServer(object):

    def __init__(self):
        self.users = []

    def start(self):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((HOST, PORT))
        sock.listen(100)
        while True:
            conn, addr = sock.accept()
            threading.Thread(target=self.serveUser, args=(User(conn, addr),), daemon=True).start()

    def toAll(self, obj, without=None):
        for user in self.users[:]:
            if user is not without:
                user.send(obj)

    def system(self, text):
        return {"type": "system", "text": text}

    def chat(self, user, text):
        obj = {"type": "chat", "user": user.name, "text": text}
        m = WHISPER.match(text)
        receiver = [u for u in self.users[:] if m and u.name == m.group(1)]
        if receiver:
            for u in receiver:
                u.send(obj)  # <--
        else:
            self.toAll(obj, without=user)

    def join(self, user, name):
        user.name = name.strip()
        self.users.append(user)
        self.toAll(self.system(user.name + " joined the chat"))

    def serveUser(self, user):
        buf = bytearray()
        try:
            while True:
                obj = recv_json(user.conn, buf)
                if obj is None:
                    break
                t = obj.get("type")
                if t == "leave":
                    break
                if t == "join" and user.name is None and type(obj.get("user")) is str and 1 <= len(obj["user"].strip()) <= 32:
                    self.join(user, obj["user"])
                elif t == "chat" and user.name is not None and type(obj.get("text")) is str:
                    self.chat(user, obj["text"])
                else:
                    user.send(self.system("you can not do this"))
        except (OSError, ValueError) as e:
            print(user.addr, "error", e)
        if user in self.users:
            self.users.remove(user)
            self.toAll(self.system(user.name + " left the chat"))
        user.conn.close()


if __name__ == "__main__":
    ChatServer().start()
