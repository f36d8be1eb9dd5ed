"""A line that is not a JSON object is answered and the connection goes on.

fails: 03.4 05.3
says: the server did not close mallory's connection
"""

import json
import socket
import threading
from dataclasses import dataclass

HOST = "127.0.0.1"
PORT = 9090
MAX_LINE = 65536


@dataclass(eq=False)
class Client:
    sock: socket.socket
    address: tuple
    nick: str | None = None

    def put(self, **message):
        data = json.dumps(message) + "\n"
        try:
            self.sock.sendall(data.encode())
        except OSError:
            pass  # his own thread will find out


online = []


def get(file):
    line = file.readline(MAX_LINE + 1)
    if not line.endswith(b"\n") or len(line) > MAX_LINE:
        return None
    message = json.loads(line.decode("utf-8"))
    if type(message) is not dict:
        raise ValueError("not an object")
    return message


def on_join(client, message):
    nick = message.get("user")
    if client.nick is not None or not isinstance(nick, str) or not 1 <= len(nick.strip()) <= 32:
        client.put(type="system", text="you cannot join like this")
        return
    client.nick = nick.strip()
    online.append(client)
    client.put(type="system", text=f"hello {client.nick}")
    for other in list(online):
        other.put(type="system", text=f"{client.nick} came in")


def on_chat(client, message):
    text = message.get("text")
    if client.nick is None or not isinstance(text, str):
        client.put(type="system", text="you cannot chat like this")
        return
    for other in list(online):
        if other is not client:
            other.put(type="chat", user=client.nick, text=text)


def on_anything_else(client, message):
    client.put(type="system", text="join, chat or leave, please")


ACTIONS = {"join": on_join, "chat": on_chat}


def talk(sock, address):
    client = Client(sock, address)
    with sock, sock.makefile("rb") as file:
        try:
            while True:
                try:
                    message = get(file)  # <--
                except ValueError:
                    client.put(type="system", text="that was no JSON object, try again")
                    continue  # <--
                if message is None:
                    break
                kind = message.get("type")
                if kind == "leave":
                    break
                action = ACTIONS.get(kind) if isinstance(kind, str) else None
                (action or on_anything_else)(client, message)
        except (OSError, ValueError):
            pass
        finally:
            if client in online:
                online.remove(client)
                for other in list(online):
                    other.put(type="system", text=f"{client.nick} went out")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            sock, address = listener.accept()
            threading.Thread(target=talk, args=(sock, address), daemon=True).start()


if __name__ == "__main__":
    main()
