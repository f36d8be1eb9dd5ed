"""Over-engineered: a chat that begins with a slash is a command to the server, and is not said.

fails: 05.2
says: no chat message came to bob, only the system message 'joanna has joined the room'
The contract knows no such commands: {"type": "chat", "text": "/tmp is full"} goes to every other member.
"""
import socket
import threading
import time

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
STARTED = time.time()

clients: dict[socket.socket, str] = {}


def system(text: str) -> dict:
    return {"type": "system", "text": text}


def broadcast(sender, obj, include_sender=False):
    for conn in list(clients):
        if conn is sender and not include_sender:
            continue
        try:
            send_json(conn, obj)
        except OSError:
            continue


def run_command(conn, line: str) -> None:
    """/who, /uptime, /help"""
    name, _, _ = line[1:].partition(" ")
    if name == "who":
        send_json(conn, system("online: " + ", ".join(list(clients.values()))))
    elif name == "uptime":
        send_json(conn, system(f"up {time.time() - STARTED:.0f} s"))
    else:
        send_json(conn, system("commands: /who /uptime"))


def handle_message(conn, nick, obj):
    match obj:
        case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
            nick = clients[conn] = user.strip()
            broadcast(conn, system(f"{nick} has joined the room"), include_sender=True)
        case {"type": "chat", "text": str(text)} if nick is not None:
            if text.startswith("/"):
                run_command(conn, text)  # <--
            else:
                broadcast(conn, {"type": "chat", "user": nick, "text": text})
        case _:
            send_json(conn, system("refused"))
    return nick


def handle_client(conn, addr):
    nick = None
    buffer = bytearray()
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            if obj.get("type") == "leave":
                break
            nick = handle_message(conn, nick, obj)
    except (OSError, ValueError) as error:
        print(f"{addr}: {error}")
    finally:
        if clients.pop(conn, None) is not None:
            broadcast(conn, system(f"{nick} has left the room"))
        conn.close()


def main():
    with socket.create_server((HOST, PORT), backlog=100) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
