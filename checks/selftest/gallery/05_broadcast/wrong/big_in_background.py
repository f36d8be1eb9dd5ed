"""Chat room that sends long messages in a thread of their own, "so that the others need not wait"; a short one overtakes them.

fails: 05.5
says: bob heard something else first
"""
import json
import socket
import threading

from utils import recv_json

HOST, PORT = "127.0.0.1", 9090
BIG = 8 * 1024


class Channel:
    """The sending half of a connection."""

    def __init__(self, sock):
        self._sock = sock
        self._lock = threading.Lock()

    def write(self, data):
        with self._lock:
            try:
                self._sock.sendall(data)  # <--
            except OSError:
                pass

    def write_later(self, data):
        threading.Thread(target=self.write, args=(data,), daemon=True).start()


class Hub:
    def __init__(self):
        self.channels = {}

    def publish(self, payload, skip=None):
        data = json.dumps(payload).encode() + b"\n"
        for channel in list(self.channels):
            if channel is skip:
                continue
            if len(data) > BIG:
                channel.write_later(data)
            else:
                channel.write(data)

    def system(self, text):
        self.publish({"type": "system", "text": text})


hub = Hub()


def client_session(sock, addr):
    me = Channel(sock)
    nick = None
    buffer = bytearray()
    try:
        while (msg := recv_json(sock, buffer)) is not None:
            match msg:
                case {"type": "join", "user": str(user)} if nick is None and 0 < len(user.strip()) <= 32:
                    nick = hub.channels[me] = user.strip()
                    hub.system(f"{nick} is with us")
                case {"type": "chat", "text": str(text)} if nick is not None:
                    hub.publish({"type": "chat", "user": nick, "text": text}, skip=me)
                case {"type": "leave"}:
                    break
                case _:
                    me.write(b'{"type": "system", "text": "?"}\n')
    except (OSError, ValueError) as e:
        print(addr, type(e).__name__)
    finally:
        if hub.channels.pop(me, None) is not None:
            hub.system(f"{nick} is no longer with us")
        sock.close()


def main():
    with socket.create_server((HOST, PORT), backlog=128) as server:
        while True:
            sock, addr = server.accept()
            threading.Thread(target=client_session, args=(sock, addr), daemon=True).start()


if __name__ == "__main__":
    main()
