"""Lesson 09: dead clients. Whoever finds one removes it, and the others are told once."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}  # the members: connection -> nick
lock = threading.Lock()  # guards clients: hold it wherever you touch them


def system(text):
    """Return a message from the server itself."""
    return {"type": "system", "text": text}


def deliver(conns, obj):
    """Send obj on each of these connections; return the dead: those on which that failed."""
    dead = []
    for conn in conns:
        try:
            send_json(conn, obj)
        except OSError:  # TODO 1: this one is dead; the others are to get it all the same.
            pass
    return dead


def broadcast(sender_conn, obj, include_sender=False):
    """Send obj to every member, to the sender only if asked; remove those found dead."""
    with lock:  # for the copy only: a send may take as long as its receiver likes
        if sender_conn not in clients:  # announced as gone already: is heard no more
            return
        snapshot = [conn for conn in clients if conn is not sender_conn or include_sender]
    remove(deliver(snapshot, obj))


def remove(dead):
    """Take the members among these connections out of the room, and tell those who remain."""
    # TODO 2: each member among them goes and is announced, once, whoever else comes here with it.
    # TODO 3: its own thread wakes up.
    # TODO 4: telling the others may find the next ones dead, and many of them.


def handle_client(conn, addr):
    """A client's thread: from join to clean-up."""
    with conn:  # closes the connection, whatever happens inside
        buffer = bytearray()
        nick = None
        try:
            while (obj := recv_json(conn, buffer)) is not None:  # {} is a message too
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        wanted = user.strip()
                        with lock:  # look and take in one step: no other thread gets in between
                            if wanted not in clients.values():
                                nick = clients[conn] = wanted
                        if nick is None:
                            send_json(conn, system(f"{wanted} is taken, try another nick"))
                        else:  # not inside `with lock`: broadcast takes the lock itself
                            broadcast(conn, system(f"{nick} has joined"), include_sender=True)
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        broadcast(conn, {"type": "chat", "user": nick, "text": text})
                    case {"type": "leave"}:
                        break
                    case _:  # the client may try again
                        send_json(conn, system("join first, once, with a nick of 1 to 32 characters; then chat"))
        except (OSError, ValueError) as error:  # broke off, or sent no message
            print(f"{addr}: {error}")
        finally:  # left, has gone or broke off: one way out for all of them
            remove([conn])  # see TODO 2


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
