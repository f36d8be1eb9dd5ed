"""Log in, then talk; the clean-up belongs to talk.

fails: 07.1
says: the nick 'bob' is still taken, though a bob has gone while he was answered

A client that breaks off while it is being welcomed stays a member: its nick is never free again.
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}  # the members: connection -> nick
lock = threading.Lock()  # guards clients: hold it wherever you touch them


def system(text):
    """Return a message from the server itself."""
    return {"type": "system", "text": text}


def broadcast(sender_conn, obj, include_sender=False):
    """Send obj to every member, to the sender only if asked."""
    with lock:  # nobody comes or goes while we walk
        for conn in clients:
            if conn is not sender_conn or include_sender:
                try:
                    send_json(conn, obj)
                except OSError:  # going, too: its own thread will notice
                    pass


def ask(conn, buffer):
    """Wait for a join that makes sense; return the wanted nick, or None when the client has gone."""
    while (obj := recv_json(conn, buffer)) is not None:
        match obj:
            case {"type": "join", "user": str(user)} if 1 <= len(user.strip()) <= 32:
                return user.strip()
            case {"type": "leave"}:
                return None
            case _:
                send_json(conn, system("who are you? join first"))
    return None


def login(conn, buffer):
    """Ask until the nick is free; welcome the member and return its nick."""
    while (nick := ask(conn, buffer)) is not None:
        with lock:
            taken = nick in clients.values()
            if not taken:
                clients[conn] = nick
        if not taken:
            broadcast(conn, system(f"{nick} has joined"))
            send_json(conn, system(f"welcome {nick}"))  # <--
            return nick
        send_json(conn, system(f"{nick} is taken"))
    return None

def talk(conn, nick, buffer):
    """From the welcome to the leaving."""
    while (obj := recv_json(conn, buffer)) is not None:
        match obj:
            case {"type": "chat", "text": str(text)}:
                broadcast(conn, {"type": "chat", "user": nick, "text": text})
            case {"type": "leave"}:
                return
            case _:
                send_json(conn, system("chat or leave"))


def handle_client(conn, addr):
    """A client's thread: log in, talk, clean up."""
    with conn:
        buffer = bytearray()
        try:
            nick = login(conn, buffer)
            if nick is None:
                return
            try:
                talk(conn, nick, buffer)
            finally:
                with lock:
                    del clients[conn]
                broadcast(conn, system(f"{nick} has left"))
        except (OSError, ValueError) as error:
            print(f"{addr}: {error}")


def main():
    """Listen, and give each client a thread of its own."""
    with socket.create_server((HOST, PORT)) as listener:
        print(f"listening on {HOST}:{PORT}")
        while True:
            conn, addr = listener.accept()
            # daemon: on Ctrl-C the process ends without waiting for its clients
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
