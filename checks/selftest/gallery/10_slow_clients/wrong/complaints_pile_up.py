"""The bound is kept in broadcast(), where the others' words come in; the server's own answers go past it.

fails: 10.2
says: bob has read nothing while he was refused
"""
import socket
import threading
from queue import SimpleQueue

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090
MAX_MESSAGES = 1000

clients = []
clients_lock = threading.Lock()


class Client(threading.Thread):
    def __init__(self, connection):
        threading.Thread.__init__(self)
        self.daemon = True
        self.connection = connection
        self.name_in_chat = None
        self.box = SimpleQueue()
        self.writer = threading.Thread(target=self.write)
        self.writer.daemon = True

    def error(self, text):
        # only for this client
        self.box.put(encode({"type": "system", "text": text}))  # <--

    def kick(self):
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def write(self):
        while True:
            data = self.box.get()
            if data is None:
                break
            try:
                self.connection.sendall(data)
            except OSError:
                self.kick()

    def run(self):
        self.writer.start()
        buffer = bytearray()
        try:
            while True:
                msg = recv_json(self.connection, buffer)
                if msg is None or msg.get("type") == "leave":
                    break
                if msg.get("type") == "join":
                    self.join_chat(msg.get("user"))
                elif msg.get("type") == "chat":
                    self.chat(msg.get("text"))
                else:
                    self.error("what is that?")
        except (OSError, ValueError):
            pass
        with clients_lock:
            if self in clients:
                clients.remove(self)
                broadcast({"type": "system", "text": self.name_in_chat + " has left"})
        self.box.put(None)
        self.writer.join(0.5)
        self.kick()
        self.writer.join()
        self.connection.close()

    def join_chat(self, user):
        if self.name_in_chat is not None:
            self.error("you are in already")
        elif not isinstance(user, str) or not (0 < len(user.strip()) <= 32):
            self.error("bad name")
        else:
            user = user.strip()
            with clients_lock:
                taken = False
                for c in clients:
                    if c.name_in_chat == user:
                        taken = True
                if not taken:
                    self.name_in_chat = user
                    clients.append(self)
                    broadcast({"type": "system", "text": user + " has joined"})
            if taken:
                self.error("name taken")

    def chat(self, text):
        if self.name_in_chat is None:
            self.error("join first")
        elif not isinstance(text, str):
            self.error("no text")
        else:
            with clients_lock:
                broadcast({"type": "chat", "user": self.name_in_chat, "text": text}, self)


def broadcast(obj, sender=None):
    # call it with the lock
    data = encode(obj)
    for c in clients:
        if c is not sender:
            if c.box.qsize() >= MAX_MESSAGES:
                c.kick()
            else:
                c.box.put(data)


server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind((HOST, PORT))
server.listen(100)
print("Waiting for clients...")
while True:
    connection, address = server.accept()
    Client(connection).start()
