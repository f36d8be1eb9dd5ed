"""Whoever has only tried to join counts as joined when leaving: 'somebody has left'.

fails: 05.4
says: alice got the system message 'somebody has left'
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def system(text):
    return {"type": "system", "text": text}


clients = {}


def broadcast(sender_conn, obj, include_sender=False):
    """Send obj to every member, to the sender only if asked."""
    for conn in list(clients):
        if conn is not sender_conn or include_sender:
            try:
                send_json(conn, obj)  # <--
            except OSError:
                pass


def handle_client(conn, addr):
    with conn:
        buffer = bytearray()
        nick = "somebody"
        joined = False
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                joined = joined or obj.get("type") == "join"
                match obj:
                    case {"type": "join", "user": str(user)} if conn not in clients and 1 <= len(user.strip()) <= 32:
                        nick = clients[conn] = user.strip()
                        broadcast(conn, system(f"{nick} has joined"), include_sender=True)
                    case {"type": "chat", "text": str(text)} if conn in clients:
                        broadcast(conn, {"type": "chat", "user": nick, "text": text})
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, system("refused"))
        except (OSError, ValueError) as error:
            print(f"{addr}: {error}")
        finally:
            clients.pop(conn, None)
            if joined:
                broadcast(conn, system(f"{nick} has left"))


def main():
    """Listen, and give each client a thread of its own."""
    with socket.create_server((HOST, PORT)) as listener:
        print(f"listening on {HOST}:{PORT}")
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
