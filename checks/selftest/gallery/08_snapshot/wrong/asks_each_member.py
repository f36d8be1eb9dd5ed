"""Each member has a lock, held while it is sent to; the walk over the members takes it under the room's lock to ask if it is open.

fails: 08.2
says: while a send to bob is stuck, dave joins
"""
import socket
import threading

from utils import recv_json, send_json


class Peer:
    def __init__(self, sock, nick):
        self.sock = sock
        self.nick = nick
        self.lock = threading.Lock()
        self._open = True

    def send(self, obj):
        with self.lock:
            if self._open:
                try:
                    send_json(self.sock, obj)
                except OSError:
                    self._open = False

    def is_open(self):
        with self.lock:  # <--
            return self._open


class Room:
    def __init__(self):
        self.lock = threading.Lock()
        self.peers = []

    def admit(self, peer):
        with self.lock:
            if any(p.nick == peer.nick for p in self.peers):
                return False
            self.peers.append(peer)
            return True

    def dismiss(self, peer):
        with self.lock:
            self.peers.remove(peer)

    def targets(self):
        with self.lock:
            return [p for p in self.peers if p.is_open()]

    def tell(self, obj, but=None):
        for p in self.targets():
            if p is not but:
                p.send(obj)


def system(text):
    return {"type": "system", "text": text}


def serve(room, sock):
    peer = None
    buffer = bytearray()
    try:
        while (obj := recv_json(sock, buffer)) is not None:
            match obj:
                case {"type": "join", "user": str(user)} if peer is None and 1 <= len(user.strip()) <= 32:
                    candidate = Peer(sock, user.strip())
                    if room.admit(candidate):
                        peer = candidate
                        room.tell(system(peer.nick + " is here"))
                    else:
                        send_json(sock, system(candidate.nick + " is here already"))
                case {"type": "chat", "text": str(text)} if peer is not None:
                    room.tell({"type": "chat", "user": peer.nick, "text": text}, but=peer)
                case {"type": "leave"}:
                    break
                case _:
                    send_json(sock, system("no"))
    except (OSError, ValueError):
        pass
    finally:
        if peer is not None:
            room.dismiss(peer)
            room.tell(system(peer.nick + " is not here any more"))
        sock.close()


def main():
    room = Room()
    with socket.create_server(("127.0.0.1", 9090)) as listener:
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=serve, args=(room, sock), daemon=True).start()


if __name__ == "__main__":
    main()
