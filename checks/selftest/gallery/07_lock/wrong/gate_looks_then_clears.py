"""A home-made lock out of an Event: it is looked at under a lock, and cleared under it, but not in one step: two come in.

fails: 07.3
says: no lock held
"""
import socket
import threading

from utils import recv_json, send_json


class Gate:
    def __init__(self):
        self.free, self.mutex = threading.Event(), threading.Lock()
        self.free.set()

    def __enter__(self):
        while True:
            self.free.wait()
            with self.mutex:
                is_free = self.free.is_set()
            if is_free:  # <--
                with self.mutex:
                    self.free.clear()
                return

    def __exit__(self, *exc):
        self.free.set()


class ChatRoom:
    def __init__(self):
        self.gate = Gate()
        self.clients = {}

    def enter(self, client, nick):
        with self.gate:
            if nick in self.clients.values():
                return False
            self.clients[client] = nick
        return True

    def exit(self, client):
        with self.gate:
            return self.clients.pop(client, None)

    def shout(self, obj, but=None):
        with self.gate:
            for client in self.clients:
                if client is not but:
                    try:
                        send_json(client, obj)
                    except OSError:
                        pass


room = ChatRoom()


def on_client(client):
    nick = None
    pending = bytearray()
    try:
        for obj in iter(lambda: recv_json(client, pending), None):
            match obj:
                case {"type": "leave"}:
                    break
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    if room.enter(client, user.strip()):
                        nick = user.strip()
                        room.shout({"type": "system", "text": f"[{nick}] in"})
                    else:
                        send_json(client, {"type": "system", "text": f"[{user.strip()}] taken"})
                case {"type": "chat", "text": str(text)} if nick is not None:
                    room.shout({"type": "chat", "user": nick, "text": text}, but=client)
                case _:
                    send_json(client, {"type": "system", "text": "[no]"})
    except (OSError, ValueError) as e:
        print(ascii(e))
    finally:
        if room.exit(client) is not None:
            room.shout({"type": "system", "text": f"[{nick}] out"})
        client.close()


if __name__ == "__main__":
    server = socket.create_server(("127.0.0.1", 9090))
    while True:
        client, _ = server.accept()
        threading.Thread(target=on_client, args=(client,), daemon=True).start()
