"""Already sends a chat to all members, one lesson too early.

fails: 04.2 02.1 02.2
says: bob heard something else first
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
members = {}
lock = threading.Lock()


def broadcast(obj):
    with lock:
        conns = list(members)
    for conn in conns:
        try:
            send_json(conn, obj)  # <--
        except OSError:
            pass


def handle_client(conn, addr):
    buffer = bytearray()
    nick = None
    with conn:
        try:
            while (msg := recv_json(conn, buffer)) is not None:
                match msg:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        nick = user.strip()
                        with lock:
                            members[conn] = nick
                        send_json(conn, {"type": "system", "text": f"welcome, {nick}"})
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        broadcast({"type": "chat", "user": nick, "text": text})
                    case {"type": "leave"}:
                        break
                    case _:
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
