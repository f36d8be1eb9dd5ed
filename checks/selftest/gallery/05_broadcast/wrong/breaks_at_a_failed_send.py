"""Leaves the walk with break when a send fails.

fails: 05.2 05.3
says: no chat message from alice came to
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}  # the members: connection -> nick


def system(text):
    """Return a message from the server itself."""
    return {"type": "system", "text": text}


def broadcast(sender_conn, obj, include_sender=False):
    for conn in list(clients):
        if include_sender or conn is not sender_conn:
            try:
                send_json(conn, obj)  # <--
            except OSError:
                break


def handle_client(conn, addr):
    """A client's thread: from join to clean-up."""
    with conn:  # closes the connection, whatever happens inside
        buffer = bytearray()
        nick = None
        try:
            while (obj := recv_json(conn, buffer)) is not None:  # {} is a message too
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        nick = user.strip()
                        clients[conn] = nick
                        broadcast(conn, system(f"{nick} has joined"), include_sender=True)
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        broadcast(conn, {"type": "chat", "user": nick, "text": text})
                    case {"type": "leave"}:
                        break
                    case _:  # the client may try again
                        send_json(conn, system("join first, once, with a nick of 1 to 32 characters; then chat"))
        except (OSError, ValueError) as error:  # broke off, or sent no message
            print(f"{addr}: {error}")
        finally:
            if clients.pop(conn, None) is not None:
                broadcast(conn, system(f"{nick} has left"))


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
