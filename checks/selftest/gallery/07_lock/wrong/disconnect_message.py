"""The well-known tutorial with its DISCONNECT_MESSAGE: whoever says "!DISCONNECT" in the chat is out, and nobody hears it.

fails: 05.2
says: no chat message came to alice, only the system message '[LEFT] bob'
"""
import socket
import threading
from utils import recv_json, send_json

PORT = 9090
SERVER = "127.0.0.1"
ADDR = (SERVER, PORT)
DISCONNECT_MESSAGE = "!DISCONNECT"

server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(ADDR)

clients = {}
clients_lock = threading.Lock()


def send_to_everyone(obj, not_to=None):
    with clients_lock:
        for c in clients:
            if c is not not_to:
                try:
                    send_json(c, obj)  # <--
                except OSError:
                    pass


def handle_client(conn, addr):
    print(f"[NEW CONNECTION] {addr} connected.")
    name = None
    rest = bytearray()
    connected = True
    try:
        while connected:
            msg = recv_json(conn, rest)
            if msg is None or msg.get("type") == "leave":
                connected = False
            elif msg.get("type") == "join" and name is None and isinstance(msg.get("user"), str) and 1 <= len(msg["user"].strip()) <= 32:
                wanted = msg["user"].strip()
                with clients_lock:
                    taken = wanted in clients.values()
                    if not taken:
                        clients[conn] = name = wanted
                if taken:
                    send_json(conn, {"type": "system", "text": f"[TAKEN] {wanted}"})
                else:
                    send_to_everyone({"type": "system", "text": f"[JOINED] {name}"})
            elif msg.get("type") == "chat" and name is not None and isinstance(msg.get("text"), str):
                if msg["text"] == DISCONNECT_MESSAGE:
                    connected = False
                else:
                    send_to_everyone({"type": "chat", "user": name, "text": msg["text"]}, conn)
            else:
                send_json(conn, {"type": "system", "text": "[ERROR]"})
    except (OSError, ValueError):
        print(f"[ERROR] {addr}")
    finally:
        with clients_lock:
            clients.pop(conn, None)
        if name is not None:
            send_to_everyone({"type": "system", "text": f"[LEFT] {name}"})
        conn.close()


def start():
    server.listen(128)
    print(f"[LISTENING] Server is listening on {SERVER}")
    while True:
        conn, addr = server.accept()
        thread = threading.Thread(target=handle_client, args=(conn, addr), daemon=True)
        thread.start()
        print(f"[ACTIVE CONNECTIONS] {threading.active_count() - 1}")


print("[STARTING] server is starting...")
start()
