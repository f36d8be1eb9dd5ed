"""The first nick asked for is looked up and taken in one step; one asked for after a refusal in two.

fails: 07.2
says: both of two that asked for 'another
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
clients = {}
lock = threading.Lock()


def system(text):
    return {"type": "system", "text": text}


def is_free(nick):
    with lock:
        return nick not in clients.values()


def enter(conn, nick):
    with lock:
        clients[conn] = nick


def enter_if_free(conn, nick):
    with lock:
        if nick in clients.values():
            return False
        clients[conn] = nick
        return True


def broadcast(sender, obj, include_sender=False):
    with lock:
        for conn in clients:
            if conn is not sender or include_sender:
                try:
                    send_json(conn, obj)
                except OSError:
                    pass


def ask_for_nick(conn, buffer):
    """The dialogue until the client is in: returns its nick, or None when it has gone."""
    refused_before = False
    while (obj := recv_json(conn, buffer)) is not None:
        match obj:
            case {"type": "join", "user": str(user)} if 1 <= len(user.strip()) <= 32:
                nick = user.strip()
                if not refused_before:
                    if enter_if_free(conn, nick):
                        return nick
                elif is_free(nick):  # <--
                    enter(conn, nick)
                    return nick
                refused_before = True
                send_json(conn, system(f"{nick} is taken, try another"))
            case {"type": "leave"}:
                return None
            case _:
                send_json(conn, system("join first"))
    return None


def talk(conn, buffer, nick):
    while (obj := recv_json(conn, buffer)) is not None:
        match obj:
            case {"type": "chat", "text": str(text)}:
                broadcast(conn, {"type": "chat", "user": nick, "text": text})
            case {"type": "leave"}:
                return
            case _:
                send_json(conn, system("chat, or leave"))


def handle_client(conn, addr):
    with conn:
        buffer = bytearray()
        try:
            nick = ask_for_nick(conn, buffer)
            if nick is not None:
                broadcast(conn, system(f"{nick} has joined"), include_sender=True)
                talk(conn, buffer, nick)
        except (OSError, ValueError) as error:
            print(addr, error)
        finally:
            with lock:
                gone = clients.pop(conn, None)
            if gone is not None:
                broadcast(conn, system(f"{gone} has left"))


if __name__ == "__main__":
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle_client, args=listener.accept(), daemon=True).start()
