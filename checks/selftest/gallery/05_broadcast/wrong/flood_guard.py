"""A guard against floods: of the chats that a member sends within a second, only the first 150 are passed on.

fails: 05.5
says: 'and
"""

import collections
import socket
import threading
import time

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
MOST, SECONDS = 150, 1.0


class Guard:
    """Lets through at most MOST calls within SECONDS."""

    def __init__(self):
        self.times = collections.deque()

    def allows(self):
        now = time.monotonic()
        while self.times and now - self.times[0] > SECONDS:
            self.times.popleft()
        if len(self.times) >= MOST:
            return False
        self.times.append(now)
        return True


clients = {}


def broadcast(sender, obj, include_sender=False):
    for conn in list(clients):
        if include_sender or conn is not sender:
            try:
                send_json(conn, obj)
            except OSError:
                pass


def handle_client(conn, addr):
    with conn:
        buffer = bytearray()
        nick, guard = None, Guard()
        try:
            while (obj := recv_json(conn, buffer)) is not None:  # <--
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        nick = clients[conn] = user.strip()
                        broadcast(conn, {"type": "system", "text": f"hello {nick}"}, include_sender=True)
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        if guard.allows():
                            broadcast(conn, {"type": "chat", "user": nick, "text": text})
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, {"type": "system", "text": "I do not understand"})
        except (OSError, ValueError) as error:
            print(f"{addr}: {error}")
        finally:
            if clients.pop(conn, None) is not None:
                broadcast(conn, {"type": "system", "text": f"goodbye {nick}"})


if __name__ == "__main__":
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle_client, args=listener.accept(), daemon=True).start()
