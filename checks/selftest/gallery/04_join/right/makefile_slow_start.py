"""A file made from the socket, and plug-ins that take a second and a half before it listens."""

import json
import socket
import threading
import time

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65_536


def read_messages(conn):
    with conn.makefile("rb") as lines:
        while True:
            line = lines.readline(MAX_LINE + 1)
            if not line.endswith(b"\n") or len(line) > MAX_LINE:
                return
            obj = json.loads(line.decode())
            if type(obj) is not dict:
                return
            yield obj


def send(conn, obj):
    conn.sendall(json.dumps(obj).encode() + b"\n")


def handle_client(conn, addr):
    nick = None
    with conn:
        try:
            for msg in read_messages(conn):
                kind = msg.get("type")
                if kind == "leave":
                    return
                if kind == "join" and nick is None:
                    user = msg.get("user")
                    if isinstance(user, str) and 1 <= len(user.strip()) <= 32:
                        nick = user.strip()
                        send(conn, {"type": "system", "text": f"welcome, {nick}"})
                        continue
                if kind == "chat" and nick is not None and isinstance(msg.get("text"), str):
                    send(conn, {"type": "chat", "user": nick, "text": msg["text"]})
                    continue
                send(conn, {"type": "system", "text": "refused"})
        except (OSError, ValueError) as e:
            print(addr, e)


if __name__ == "__main__":
    time.sleep(1.5)
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle_client, args=listener.accept(), daemon=True).start()
