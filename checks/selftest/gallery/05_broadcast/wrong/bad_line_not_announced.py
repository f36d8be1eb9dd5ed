"""Takes a member that sends a bad line out of the room, and tells nobody.

fails: 05.3
says: no system message with 'carol' in it came to alice
"""

import socket
import threading
from utils import recv_json, send_json


class Chat:
    def __init__(self):
        self.people = {}

    def everybody(self, message, but=None):
        for sock in list(self.people):
            if sock is but:
                continue
            try:
                send_json(sock, message)
            except OSError:
                print("cannot send")

    def system(self, text):
        return {"type": "system", "text": text}

    def join(self, sock, message):
        user = message.get("user")
        if sock in self.people or not isinstance(user, str) or not 1 <= len(user.strip()) <= 32:
            self.refuse(sock)
            return
        self.people[sock] = user.strip()
        self.everybody(self.system(f"{user.strip()} came in"))

    def chat(self, sock, message):
        text = message.get("text")
        if sock not in self.people or not isinstance(text, str):
            self.refuse(sock)
            return
        self.everybody({"type": "chat", "user": self.people[sock], "text": text}, but=sock)

    def refuse(self, sock):
        send_json(sock, self.system("not like this"))

    def part(self, sock):
        name = self.people.pop(sock, None)
        if name is not None:
            self.everybody(self.system(f"{name} went out"))

    def serve(self, sock):
        buffer = bytearray()
        try:
            while True:
                try:
                    message = recv_json(sock, buffer)  # <--
                except ValueError:
                    self.people.pop(sock, None)
                    break
                if message is None:
                    break
                kind = message.get("type")
                if kind == "leave":
                    break
                elif kind == "join":
                    self.join(sock, message)
                elif kind == "chat":
                    self.chat(sock, message)
                else:
                    self.refuse(sock)
        except (OSError, ValueError) as error:
            print(error)
        finally:
            self.part(sock)
            sock.close()


if __name__ == "__main__":
    chat = Chat()
    with socket.create_server(("127.0.0.1", 9090)) as listener:
        while True:
            sock, address = listener.accept()
            threading.Thread(target=chat.serve, args=(sock,), daemon=True).start()
