"""A writer thread for each connection, ended with the member's leaving: for somebody who never joined it goes on waiting.

fails: 02.3
says: after 30 clients
"""
import socket
import threading
from queue import SimpleQueue

import utils


class ChatClient:
    STOP = object()

    def __init__(self, server, sock):
        self.server = server
        self.sock = sock
        self.nick = None
        self.outgoing = SimpleQueue()
        self.writer = threading.Thread(target=self._write, daemon=True)
        self.reader = threading.Thread(target=self._read, daemon=True)

    def start(self):
        self.writer.start()
        self.reader.start()

    def system(self, text):
        self.outgoing.put({"type": "system", "text": text})

    def _write(self):
        for obj in iter(self.outgoing.get, ChatClient.STOP):
            try:
                utils.send_json(self.sock, obj)
            except OSError:
                pass

    def _read(self):
        buffer = bytearray()
        try:
            while (obj := utils.recv_json(self.sock, buffer)) is not None:
                if obj.get("type") == "leave":
                    break
                self.server.on_message(self, obj)
        except (OSError, ValueError):
            pass
        if self.nick is not None:
            self.server.on_leave(self)
            self.outgoing.put(ChatClient.STOP)
            self.writer.join(1)
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()


class ChatServer:
    def __init__(self):
        self._lock = threading.Lock()
        self._clients = {}

    def post(self, obj, but=None):
        with self._lock:
            for client in self._clients.values():
                if client is not but:
                    client.outgoing.put(obj)

    def on_message(self, client, obj):
        kind, user, text = obj.get("type"), obj.get("user"), obj.get("text")
        if kind == "join" and client.nick is None and isinstance(user, str) and 1 <= len(user.strip()) <= 32:
            nick = user.strip()
            with self._lock:
                free = nick not in self._clients
                if free:
                    self._clients[nick] = client
            if free:
                client.nick = nick
                self.post({"type": "system", "text": f"{nick} has joined"})
            else:
                client.system(f"{nick} is taken")
        elif kind == "chat" and client.nick is not None and isinstance(text, str):
            self.post({"type": "chat", "user": client.nick, "text": text}, but=client)
        else:
            client.system("refused")

    def on_leave(self, client):
        with self._lock:
            del self._clients[client.nick]
        self.post({"type": "system", "text": f"{client.nick} has left"})

    def serve(self):
        with socket.create_server(("127.0.0.1", 9090)) as listener:
            while True:
                sock, _ = listener.accept()
                ChatClient(self, sock).start()


if __name__ == "__main__":
    ChatServer().serve()
