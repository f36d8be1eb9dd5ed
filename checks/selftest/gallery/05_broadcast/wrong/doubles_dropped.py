"""Against spam: what somebody says twice in a row is said once.

fails: 05.2
says: no chat message came to alice, only the system message 'carol has come'
A chat goes to every other member, also one with the same text as the last.
"""
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Member:
    def __init__(self, conn, nick):
        self.conn = conn
        self.nick = nick
        self.last_text = None
        self.lock = threading.Lock()  # one message at a time on this connection

    def send(self, obj):
        try:
            with self.lock:
                send_json(self.conn, obj)
        except OSError:
            pass  # going


class Room:
    def __init__(self):
        self._members = ()

    def add(self, member):
        self._members += (member,)
        self.tell({"type": "system", "text": f"{member.nick} has come"})

    def remove(self, member):
        self._members = tuple(each for each in self._members if each is not member)
        self.tell({"type": "system", "text": f"{member.nick} has gone"})

    def tell(self, obj, but=None):
        for member in self._members:
            if member is not but:
                member.send(obj)


room = Room()
entering = threading.Lock()


def chat(member, text):
    if text == member.last_text:
        return  # <--
    member.last_text = text
    room.tell({"type": "chat", "user": member.nick, "text": text}, but=member)


def handle_client(conn, addr):
    member = None
    buffer = bytearray()
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if member is None and 1 <= len(user.strip()) <= 32:
                        member = Member(conn, user.strip())
                        with entering:
                            room.add(member)
                    case {"type": "chat", "text": str(text)} if member is not None:
                        chat(member, text)
                    case {"type": "leave"}:
                        break
                    case _:
                        refusal = {"type": "system", "text": "join (once), chat, leave"}
                        member.send(refusal) if member else send_json(conn, refusal)
        except (OSError, ValueError) as error:
            print(addr, error)
        finally:
            if member is not None:
                with entering:
                    room.remove(member)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle_client, args=listener.accept(), daemon=True).start()


if __name__ == "__main__":
    main()
