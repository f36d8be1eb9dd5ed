"""The members are a set of dataclass objects that send to themselves and compare by identity."""

import json
import socket
import threading
from dataclasses import dataclass, field

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 1 << 16


@dataclass(eq=False, slots=True)
class Client:
    sock: socket.socket
    nick: str = ""
    buffer: bytearray = field(default_factory=bytearray, repr=False)

    def send(self, **message):
        try:
            self.sock.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            pass

    def receive(self):
        while (end := self.buffer.find(b"\n")) < 0:
            if len(self.buffer) >= MAX_LINE:
                raise ValueError("endless line")
            piece = self.sock.recv(2048)
            if piece == b"":
                raise EOFError
            self.buffer.extend(piece)
        line = self.buffer[:end].decode()
        if end >= MAX_LINE:
            raise ValueError("long line")
        del self.buffer[:end + 1]
        message = json.loads(line)
        if not isinstance(message, dict):
            raise ValueError("no object")
        return message


clients: set[Client] = set()


def others(client):
    return clients.copy() - {client}


def handle(client):
    match client.receive():
        case {"type": "leave"}:
            raise EOFError
        case {"type": "join", "user": str(user)} if not client.nick and 0 < len(user.strip()) <= 32:
            client.nick = user.strip()
            clients.add(client)
            for member in clients.copy():
                member.send(type="system", text=f"-> {client.nick}")
        case {"type": "chat", "text": str(text)} if client.nick:
            for member in others(client):
                member.send(text=text, user=client.nick, type="chat")
        case _:
            client.send(type="system", text="refused")


def thread(sock):
    client = Client(sock)
    try:
        while True:
            handle(client)
    except (EOFError, OSError, ValueError, RecursionError):
        pass
    finally:
        if client in clients:
            clients.discard(client)
            for member in others(client):
                member.send(type="system", text=f"<- {client.nick}")
        sock.close()


def main():
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, PORT))
    listener.listen(100)
    try:
        while True:
            threading.Thread(target=thread, args=listener.accept()[:1], daemon=True).start()
    except KeyboardInterrupt:
        print("bye")
    finally:
        listener.close()


main()
