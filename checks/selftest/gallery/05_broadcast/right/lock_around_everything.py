"""One Lock is held around every message, the sending to all members included."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

lock = threading.Lock()
clients = {}


def send_all(conns, obj):
    for conn in conns:
        try:
            send_json(conn, obj)
        except OSError:
            pass


def system(text):
    return {"type": "system", "text": text}


def on_message(conn, obj):
    nick = clients.get(conn)
    match obj:
        case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
            clients[conn] = user.strip()
            send_all(clients, system(f"please welcome {clients[conn]}"))
        case {"type": "chat", "text": str(text)} if nick is not None:
            send_all([c for c in clients if c is not conn], {"type": "chat", "user": nick, "text": text})
        case _:
            send_all([conn], system("no"))


def serve(conn):
    buffer = bytearray()
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            if obj.get("type") == "leave":
                break
            with lock:
                on_message(conn, obj)
    except (OSError, ValueError):
        pass
    finally:
        with lock:
            nick = clients.pop(conn, None)
            conn.close()
            if nick is not None:
                send_all(clients, system(f"{nick} said goodbye"))


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=serve, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
