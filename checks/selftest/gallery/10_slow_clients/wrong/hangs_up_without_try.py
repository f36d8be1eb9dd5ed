"""Ends the connection of a member whose outbox is full, and expects no error: if it has broken off, the sender dies of it.

fails: 10.2
says: from alice did not come to walter
"""

import socket
import threading

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090
OUTBOX = 1 << 20  # bytes that may wait for one client; whoever lets more pile up is disconnected
GRACE = 0.5  # seconds in which a client that leaves may still take what waits for it

clients = {}  # the members: connection -> nick
outboxes = {}  # connection -> its Outbox, also before its client has joined
lock = threading.Lock()  # guards both: hold it wherever you touch them


class Outbox:
    """What is still to be sent to one client, and the writer thread that sends it.

    Nobody else sends on this connection: so no two messages mix.
    """

    def __init__(self, conn):
        self.conn = conn
        self.waiting = bytearray()
        self.finished = False
        self.changed = threading.Condition()  # a lock for these two, on which the writer can wait for a change
        self.writer = threading.Thread(target=self.write, daemon=True)
        self.writer.start()

    def put(self, data):
        """Add data. This never waits: when there is no room for it, the client is disconnected."""
        with self.changed:
            if len(self.waiting) + len(data) > OUTBOX:
                hang_up(self.conn)
            else:
                self.waiting += data
                self.changed.notify()

    def take(self):
        """Wait until something is there, and return all of it; b"" when there will be no more."""
        with self.changed:
            self.changed.wait_for(lambda: self.waiting or self.finished)
            data, self.waiting = self.waiting, bytearray()
            return data

    def write(self):
        """The writer thread: send what is put in, for as long as that takes."""
        while data := self.take():
            try:
                self.conn.sendall(data)
            except OSError:  # has gone; what is put in from now on goes the same way
                hang_up(self.conn)

    def finish(self):
        """Send what is left, and end the writer thread."""
        with self.changed:
            self.finished = True
            self.changed.notify()
        self.writer.join(GRACE)
        hang_up(self.conn)  # wakes a writer that still stands in sendall()
        self.writer.join()


def hang_up(conn):
    """End the connection in both directions, which wakes the threads that wait in its recv() and sendall()."""
    conn.shutdown(socket.SHUT_RDWR)


def system(text):
    """Return a message from the server itself."""
    return {"type": "system", "text": text}


def post(conns, obj):
    """Put obj into the outboxes of these connections; hold the lock. No waiting in here, so that is allowed."""
    data = encode(obj)
    for conn in conns:
        outboxes[conn].put(data)


def broadcast(sender_conn, obj, include_sender=False):
    """Post obj to every member, to the sender only if asked."""
    with lock:
        if sender_conn in clients:  # else announced as gone already: is heard no more
            post([conn for conn in clients if conn is not sender_conn or include_sender], obj)


def remove(conn):
    """Take this connection out, and if it was a member's, tell those who remain."""
    with lock:
        del outboxes[conn]  # from now on nobody else can put anything into it
        nick = clients.pop(conn, None)
        if nick is not None:
            post(clients, system(f"{nick} has left"))


def handle_client(conn, addr):
    """A client's reader thread: from join to clean-up. Nobody else takes it out, for nothing keeps it from recv()."""
    with conn:  # closes the connection, whatever happens inside
        outbox = Outbox(conn)
        with lock:
            outboxes[conn] = outbox
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
                            outbox.put(encode(system(f"{wanted} is taken, try another nick")))
                        else:  # not inside `with lock`: broadcast takes the lock itself
                            broadcast(conn, system(f"{nick} has joined"), include_sender=True)
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        broadcast(conn, {"type": "chat", "user": nick, "text": text})
                    case {"type": "leave"}:
                        break
                    case _:  # the client may try again
                        outbox.put(encode(system("join first, once, with a nick of 1 to 32 characters; then chat")))
        except (OSError, ValueError) as error:  # broke off, or sent no message
            print(f"{addr}: {error}")
        finally:  # left, has gone, was cut off or broke off: one way out for all of them
            remove(conn)
            outbox.finish()


def main():
    """Listen, and give each client a thread of its own."""
    with socket.create_server((HOST, PORT)) as listener:
        # each connection inherits it: send at once; the system would hold small messages back for up to 40 ms, to gather more
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        print(f"listening on {HOST}:{PORT}")
        while True:
            conn, addr = listener.accept()
            # daemon: on Ctrl-C the process ends without waiting for its clients
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
