"""Lesson 10: whoever speaks sends at once what goes without waiting; only the rest waits for the member's own thread."""

import logging
import select
import socket
import threading

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090
HIGH_WATER = 4 * 1024 * 1024
LINGER = 1.0

log = logging.getLogger("chat")


class Peer:
    """A connection that can be written to by any thread without waiting."""

    def __init__(self, conn, addr):
        self.conn, self.addr = conn, addr
        self.nick = None
        self._state = threading.Condition()
        self._backlog = bytearray()
        self._broken = False
        self._closing = False
        self._flusher = threading.Thread(target=self._flush, name=f"flush {addr[1]}", daemon=True)
        self._flusher.start()

    def abort(self):
        try:
            self.conn.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def _fail(self):
        self._broken = True
        self._backlog.clear()
        self.abort()
        self._state.notify_all()

    def _push(self, data):
        """Send without waiting; return how many bytes went. Under self._state."""
        try:
            return self.conn.send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0
        except OSError:
            self._fail()
            return len(data)

    def write(self, obj):
        data = encode(obj)
        with self._state:
            if self._broken:
                return
            if not self._backlog:
                data = data[self._push(data):]
            if len(self._backlog) + len(data) > HIGH_WATER:
                log.warning("%s reads too slowly", self.addr)
                self._fail()
            elif data:
                self._backlog += data
                self._state.notify_all()

    def _flush(self):
        poller = select.poll()
        poller.register(self.conn, select.POLLOUT)
        while True:
            with self._state:
                self._state.wait_for(lambda: self._backlog or self._broken or self._closing)
                if not self._backlog:
                    return
            poller.poll()  # for as long as it takes, and holding nothing
            with self._state:
                if self._backlog:
                    sent = self._push(bytes(self._backlog[:65536]))
                    del self._backlog[:sent]

    def close(self):
        with self._state:
            self._closing = True
            self._state.notify_all()
        self._flusher.join(LINGER)
        self.abort()
        self._flusher.join()
        self.conn.close()


class Chat:
    def __init__(self):
        self._members = set()
        self._lock = threading.Lock()

    def _post(self, obj, but=None):
        for peer in self._members:
            if peer is not but:
                peer.write(obj)

    def join(self, peer, nick):
        with self._lock:
            if any(other.nick == nick for other in self._members):
                return False
            peer.nick = nick
            self._members.add(peer)
            self._post({"type": "system", "text": f"{nick} joined the chat"})
        return True

    def chat(self, peer, text):
        with self._lock:
            self._post({"type": "chat", "user": peer.nick, "text": text}, but=peer)

    def part(self, peer):
        with self._lock:
            if peer in self._members:
                self._members.remove(peer)
                self._post({"type": "system", "text": f"{peer.nick} left the chat"})

    def serve(self, conn, addr):
        peer = Peer(conn, addr)
        try:
            self._dialogue(peer)
        except (OSError, ValueError) as error:
            log.info("%s: %s", addr, error)
        finally:
            self.part(peer)
            peer.close()

    def _dialogue(self, peer):
        buffer = bytearray()
        while (obj := recv_json(peer.conn, buffer)) is not None:
            match obj:
                case {"type": "join", "user": str(name)} if peer.nick is None and 1 <= len(name.strip()) <= 32:
                    if not self.join(peer, name.strip()):
                        peer.write({"type": "system", "text": f"{name.strip()}: nick in use"})
                case {"type": "chat", "text": str(text)} if peer.nick is not None:
                    self.chat(peer, text)
                case {"type": "leave"}:
                    return
                case _:
                    peer.write({"type": "system", "text": "bad request"})


def main():
    chat = Chat()
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=chat.serve, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
