"""Each thread waits in select for its connection and for a socket pair, by which the finder of its death wakes it.
"""

import select
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}  # the members: connection -> (nick, the socket that wakes its thread)
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
        except OSError:  # the others are to get it all the same
            dead.append(conn)
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
    while dead:
        with lock:  # whoever takes a member out announces it: one thread, once
            gone = [clients.pop(conn) for conn in dead if conn in clients]
            snapshot = list(clients)
        dead = []
        for nick, bell in gone:
            try:
                bell.send(b"!")
            except OSError:  # its own thread has gone home already
                pass
            dead += deliver(snapshot, system(f"{nick} has left"))  # may find the next ones


def next_message(conn, ear, buffer):
    """Like recv_json, but also None when somebody has rung the bell."""
    while b"\n" not in buffer and len(buffer) < 65_536:
        ready, _, _ = select.select([conn, ear], [], [])
        if ear in ready:
            return None
        data = conn.recv(4096)
        if not data:
            return None
        buffer += data
    return recv_json(conn, buffer)


def handle_client(conn, addr):
    """A client's thread: from join to clean-up."""
    bell, ear = socket.socketpair()
    with conn, bell, ear:
        buffer = bytearray()
        nick = None
        try:
            while (obj := next_message(conn, ear, buffer)) is not None:  # {} is a message too
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        wanted = user.strip()
                        with lock:  # look and take in one step: no other thread gets in between
                            if all(wanted != other for other, _ in clients.values()):
                                nick = wanted
                                clients[conn] = nick, bell
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
            remove([conn])


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
