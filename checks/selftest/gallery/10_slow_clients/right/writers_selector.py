"""A thread for each reader, and one writer thread with a selector for all: its sends never block (MSG_DONTWAIT)."""

import json
import selectors
import socket
import threading

from utils import recv_json

HOST, PORT = "127.0.0.1", 9090
MOST = 4_000_000  # bytes for one client

lock = threading.Lock()
nicks = {}  # Peer -> nick


class Peer:
    """One client; the mailman's lock guards what is to be sent to it."""

    def __init__(self, conn):
        self.conn, self.bytes, self.closing = conn, bytearray(), False
        self.sent = threading.Event()  # no byte is left, or can be sent


class Mailman:
    def __init__(self):
        self.lock, self.selector = threading.Lock(), selectors.DefaultSelector()
        self.bell, self.ear = socket.socketpair()
        self.ear.setblocking(False)
        self.selector.register(self.ear, selectors.EVENT_READ)
        self.newly = []
        threading.Thread(target=self.walk, daemon=True).start()

    def give(self, peer, **obj):
        data = json.dumps(obj).encode() + b"\n"
        with self.lock:
            if peer.closing:
                return
            if len(peer.bytes) + len(data) > MOST:
                self.drop(peer)
            else:
                peer.bytes += data
                self.newly.append(peer)
        self.ring()

    def drop(self, peer):
        peer.closing = True
        peer.bytes.clear()
        self.newly.append(peer)
        try:
            peer.conn.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def ring(self):
        try:
            self.bell.send(b"!", socket.MSG_DONTWAIT)
        except BlockingIOError:
            pass  # it rings already

    def say_goodbye(self, peer):
        """Send what is left, within half a second, and forget the peer."""
        with self.lock:
            self.newly.append(peer)
        self.ring()
        peer.sent.wait(0.5)
        with self.lock:
            self.drop(peer)
        self.ring()
        peer.sent.wait()

    def walk(self):
        watched = set()
        while True:
            ready = {key.data for key, _ in self.selector.select() if key.data}
            try:
                self.ear.recv(4096)
            except BlockingIOError:
                pass
            with self.lock:
                ready.update(self.newly)
                self.newly.clear()
                for peer in ready:
                    waits = self.carry(peer)
                    if waits and peer not in watched:
                        self.selector.register(peer.conn, selectors.EVENT_WRITE, peer)
                        watched.add(peer)
                    elif not waits and peer in watched:
                        self.selector.unregister(peer.conn)
                        watched.discard(peer)
                    if not waits:
                        peer.sent.set()
                    else:
                        peer.sent.clear()

    def carry(self, peer):
        """Send what fits; return whether something is left."""
        try:
            while peer.bytes:
                del peer.bytes[:peer.conn.send(peer.bytes, socket.MSG_DONTWAIT)]
        except BlockingIOError:
            return True
        except OSError:
            self.drop(peer)
        return False


mailman = Mailman()


def give_all(but=None, **obj):
    """The caller holds the lock."""
    for peer in nicks:
        if peer is not but:
            mailman.give(peer, **obj)


def obey(peer, obj):
    with lock:
        match obj:
            case {"type": "join", "user": str(user)} if peer not in nicks and 1 <= len(user.strip()) <= 32:
                if user.strip() in nicks.values():
                    mailman.give(peer, type="system", text=f"return to sender: {user.strip()}")
                else:
                    nicks[peer] = user.strip()
                    give_all(type="system", text=f"new address: {nicks[peer]}")
            case {"type": "chat", "text": str(text)} if peer in nicks:
                give_all(peer, type="chat", user=nicks[peer], text=text)
            case _:
                mailman.give(peer, type="system", text="insufficient postage")


def handle(conn):
    peer, buffer = Peer(conn), bytearray()
    try:
        while (obj := recv_json(conn, buffer)) is not None and obj.get("type") != "leave":
            obey(peer, obj)
    except (OSError, ValueError, RecursionError):
        pass
    finally:
        with lock:
            nick = nicks.pop(peer, None)
            if nick is not None:
                give_all(type="system", text=f"moved away: {nick}")
        mailman.say_goodbye(peer)
        conn.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
