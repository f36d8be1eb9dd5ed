"""Sets the nick before it has asked for it, so after a refusal the next try is a second join.

fails: 07.1
says: was let in, though 'alice' is in the room
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Peer(threading.Thread):
    """A client and the thread that serves it."""

    peers = []  # those who have joined
    changes = threading.Condition()  # guards peers

    def __init__(self, conn):
        super().__init__(daemon=True)
        self.conn = conn
        self.nick = None
        self.buffer = bytearray()

    def run(self):
        with self.conn:
            try:
                while (obj := recv_json(self.conn, self.buffer)) is not None:
                    if obj.get("type") == "leave":
                        break
                    self.obey(obj)
            except (OSError, ValueError):
                pass
            if self.quit():
                self.announce(f"{self.nick} has quit")

    def obey(self, obj):
        kind, user, text = obj.get("type"), obj.get("user"), obj.get("text")
        if kind == "join" and self.nick is None and isinstance(user, str) and 1 <= len(user.strip()) <= 32:
            self.nick = user.strip()
            if self.register():
                self.announce(f"{self.nick} is new")
            else:
                self.reply(f"{user.strip()} is not free")
        elif kind == "chat" and self.nick is not None and isinstance(text, str):
            self.send_to(self.others(), {"type": "chat", "user": self.nick, "text": text})
        else:
            self.reply("I do not know that")

    def register(self):
        with Peer.changes:
            if self.nick in [peer.nick for peer in Peer.peers]:
                return False
            Peer.peers.append(self)
            return True

    def quit(self):
        with Peer.changes:
            if self in Peer.peers:
                Peer.peers.remove(self)
                return True
            return False

    def others(self):
        with Peer.changes:
            return [peer for peer in Peer.peers if peer is not self]

    def announce(self, text):
        with Peer.changes:
            peers = list(Peer.peers)
        self.send_to(peers, {"type": "system", "text": text})

    def send_to(self, peers, obj):
        for peer in peers:
            try:
                send_json(peer.conn, obj)
            except OSError:
                pass

    def reply(self, text):
        send_json(self.conn, {"type": "system", "text": text})  # <--


def main():
    with socket.create_server((HOST, PORT), backlog=100) as listener:
        while True:
            Peer(listener.accept()[0]).start()


if __name__ == "__main__":
    main()
