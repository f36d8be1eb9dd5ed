"""A future's callback takes the member out, without the lock: it may run while others join.

fails: 07.3
says: with no lock held
"""

import dataclasses
import functools
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


@dataclasses.dataclass(eq=False)
class Peer:
    conn: socket.socket
    nick: str = ""
    buffer: bytearray = dataclasses.field(default_factory=bytearray, repr=False)

    def system(self, text):
        self.send(type="system", text=text)

    def send(self, **obj):
        try:
            send_json(self.conn, obj)
        except OSError:
            pass


@dataclasses.dataclass
class Hall:
    peers: list = dataclasses.field(default_factory=list)
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock, repr=False)

    def enter(self, peer, nick):
        with self.lock:
            if any(other.nick == nick for other in self.peers):
                return False
            peer.nick = nick
            self.peers.append(peer)
        return True

    def to_all(self, but=None, **obj):
        with self.lock:
            for peer in self.peers:
                if peer is not but:
                    peer.send(**obj)

    def dismiss(self, peer, future):
        if was_in := peer in self.peers:
            self.peers.remove(peer)  # <--
        if was_in:
            self.to_all(type="system", text=f"{peer.nick} went home")
        peer.conn.close()


def talk(hall, peer):
    try:
        while (obj := recv_json(peer.conn, peer.buffer)) is not None and obj.get("type") != "leave":
            match obj:
                case {"type": "join", "user": str(user)} if not peer.nick and 1 <= len(nick := user.strip()) <= 32:
                    if hall.enter(peer, nick):
                        hall.to_all(type="system", text=f"{nick} came in")
                    else:
                        peer.system(f"{nick} is here already")
                case {"type": "chat", "text": str(text)} if peer.nick:
                    hall.to_all(but=peer, type="chat", user=peer.nick, text=text)
                case _:
                    peer.system("that is not how it works")
    except (OSError, ValueError):
        pass


def main():
    hall = Hall()
    with ThreadPoolExecutor(max_workers=300) as pool, socket.create_server((HOST, PORT)) as listener:
        try:
            while True:
                peer = Peer(listener.accept()[0])
                pool.submit(talk, hall, peer).add_done_callback(functools.partial(hall.dismiss, peer))
        except KeyboardInterrupt:
            import os
            os._exit(0)


main()
