"""Who finds a member dead announces it, and the member's own thread does so once more.

fails: 05.3
says: alice got one more system message 'carol has left'
"""
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}


def broadcast(sender_conn, obj, include_sender=False):
    dead = []
    for conn, nick in list(clients.items()):
        if conn is sender_conn and not include_sender:
            continue
        try:
            send_json(conn, obj)
        except OSError:
            dead.append((conn, nick))
    for conn, nick in dead:
        if clients.pop(conn, None) is not None:
            broadcast(conn, {"type": "system", "text": f"{nick} lost the connection"})


def leave(conn, nick):
    clients.pop(conn, None)
    if nick is not None:
        broadcast(conn, {"type": "system", "text": f"{nick} has left"})  # <--


def handle_client(conn, addr):
    with conn:
        buffer = bytearray()
        nick = None
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        nick = clients[conn] = user.strip()
                        broadcast(conn, {"type": "system", "text": f"{nick} has joined"}, include_sender=True)
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        broadcast(conn, {"type": "chat", "user": nick, "text": text})
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, {"type": "system", "text": "refused"})
        except (OSError, ValueError) as error:
            print(f"{addr}: {error}")
        finally:
            leave(conn, nick)


def main():
    with socket.create_server((HOST, PORT), backlog=100) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
