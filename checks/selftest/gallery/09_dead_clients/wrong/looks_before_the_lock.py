"""Looks whether a peer is in under the lock, lets go, and removes it: two finders both see it in.

fails: 09.2
says: one more system message 'bob
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Peer(threading.Thread):
    """A client and the thread that serves it."""

    peers = set()  # those who have joined
    lock = threading.Lock()  # guards peers

    def __init__(self, conn):
        super().__init__(daemon=True)
        self.conn = conn
        self.nick = None
        self.buffer = bytearray()

    def run(self):
        try:
            while (obj := recv_json(self.conn, self.buffer)) is not None:
                if obj.get("type") == "leave":
                    break
                self.obey(obj)
        except (OSError, ValueError):
            pass
        if self.drop():
            self.announce(f"{self.nick} has quit")
        self.conn.close()

    def obey(self, obj):
        kind, user, text = obj.get("type"), obj.get("user"), obj.get("text")
        if kind == "join" and self.nick is None and isinstance(user, str) and 1 <= len(user.strip()) <= 32:
            if self.register(user.strip()):
                self.announce(f"{self.nick} is new")
            else:
                self.reply(f"{user.strip()} is not free")
        elif kind == "chat" and self.nick is not None and isinstance(text, str):
            self.publish({"type": "chat", "user": self.nick, "text": text}, but=self)
        else:
            self.reply("I do not know that")

    def register(self, nick):
        with Peer.lock:
            if nick in {peer.nick for peer in Peer.peers}:
                return False
            self.nick = nick
            Peer.peers.add(self)
            return True

    def drop(self):
        """True the first time, for whoever calls it."""
        with Peer.lock:
            there = self in Peer.peers
        if there:
            try:
                self.conn.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            with Peer.lock:
                Peer.peers.discard(self)
        return there

    def announce(self, text):
        self.publish({"type": "system", "text": text})

    def publish(self, obj, but=None):
        dead = self.send_to_all(obj, but)
        while dead:
            peer = dead.pop()
            if peer.drop():
                dead += self.send_to_all({"type": "system", "text": f"{peer.nick} has died"})

    def send_to_all(self, obj, but=None):
        """Return those whom it did not reach."""
        with Peer.lock:
            peers = Peer.peers - {but}
        dead = []
        for peer in peers:
            try:
                send_json(peer.conn, obj)  # <--
            except OSError:
                dead.append(peer)
        return dead

    def reply(self, text):
        send_json(self.conn, {"type": "system", "text": text})


def main():
    with socket.create_server((HOST, PORT), backlog=100) as listener:
        while True:
            Peer(listener.accept()[0]).start()


if __name__ == "__main__":
    main()
