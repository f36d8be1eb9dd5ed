"""acquire and release around a print of the nick: a nick that cannot be encoded raises there, and the lock is kept for ever.

fails: 07.4
says: it holds it itself
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = []
clients_lock = threading.Lock()


class Client:
    def __init__(self, conn):
        self.conn = conn
        self.nick = None

    def system(self, text):
        send_json(self.conn, {"type": "system", "text": text})


def send_everyone(obj, but=None):
    with clients_lock:
        for client in clients:
            if client is not but:
                try:
                    send_json(client.conn, obj)
                except OSError:
                    pass


def enter(client, nick):
    clients_lock.acquire()
    taken = any(other.nick == nick for other in clients)
    if not taken:
        client.nick = nick
        clients.append(client)
        print(f"{nick} joined, {len(clients)} online")
    clients_lock.release()
    return not taken


def handle_client(conn, addr):
    client = Client(conn)
    buffer = bytearray()
    try:
        while True:
            obj = recv_json(conn, buffer)
            if obj is None or obj.get("type") == "leave":
                return
            user, text = obj.get("user"), obj.get("text")
            if obj.get("type") == "join" and client.nick is None and isinstance(user, str) and 1 <= len(user.strip()) <= 32:
                if enter(client, user.strip()):
                    send_everyone({"type": "system", "text": f"{client.nick} joined"})
                else:
                    client.system("choose another nick")
            elif obj.get("type") == "chat" and client.nick is not None and isinstance(text, str):
                send_everyone({"type": "chat", "user": client.nick, "text": text}, client)
            else:
                client.system("no")
    except (OSError, ValueError):
        return
    finally:
        if client.nick is not None:
            with clients_lock:
                clients.remove(client)
            send_everyone({"type": "system", "text": f"{client.nick} left"})
        conn.close()


def main():
    with socket.create_server((HOST, PORT), backlog=128) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
