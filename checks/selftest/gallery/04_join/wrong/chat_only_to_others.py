"""Sends a chat to all the others and not back to its sender, as lesson 05 will ask.

fails: 04.2
says: no chat message came to alice
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
members = {}
lock = threading.Lock()


def broadcast(sender, obj):
    with lock:
        others = [conn for conn in members if conn is not sender]
    for conn in others:
        try:
            send_json(conn, obj)
        except OSError:
            pass


def handle_client(conn, addr):
    buffer = bytearray()
    with conn:
        try:
            while (msg := recv_json(conn, buffer)) is not None:  # <--
                nick = members.get(conn)
                user, text = msg.get("user"), msg.get("text")
                if msg.get("type") == "join" and nick is None and isinstance(user, str) \
                        and 1 <= len(user.strip()) <= 32:
                    with lock:
                        members[conn] = user.strip()
                    send_json(conn, {"type": "system", "text": f"welcome, {user.strip()}"})
                elif msg.get("type") == "chat" and nick and isinstance(text, str):
                    broadcast(conn, {"type": "chat", "user": nick, "text": text})
                elif msg.get("type") == "leave":
                    break
                else:
                    send_json(conn, {"type": "system", "text": "refused"})
        except (OSError, ValueError) as e:
            print(addr, e)
        finally:
            with lock:
                members.pop(conn, None)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
