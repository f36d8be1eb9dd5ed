"""When accept() has timed out it goes on to serve the client of the time before, or nobody yet.

fails: 01.1
says: stopped with UnboundLocalError
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
stopping = threading.Event()  # the server comes to its end


class Outbox:
    """What is still to be sent to one client, and the writer thread that sends it.

    Nobody else sends on this connection: so no two messages mix.
    """

    def __init__(self, conn):
        self.conn = conn
        self.waiting = bytearray()
        self.finished = False
        self.changed = threading.Condition()  # a lock for these two, on which the writer can wait for a change
        self.writer = threading.Thread(target=self.write)
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
    try:
        conn.shutdown(socket.SHUT_RDWR)
    except OSError:  # had been broken off or ended already
        pass


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
        with lock:
            if stopping.is_set():  # begins only now: nobody would wake it, and at the program's end no thread can be started
                return
            outbox = outboxes[conn] = Outbox(conn)
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


def say_goodbye():
    """Tell everybody that the server stops, and let all threads come to their end."""
    with lock:
        stopping.set()  # who comes later than this is not let in
        post(outboxes, system("the server stops: goodbye"))
        clients.clear()  # nobody is told any more that the others leave
        for conn in outboxes:
            try:
                conn.shutdown(socket.SHUT_RD)  # its reader wakes up, as if the client had finished; its writer goes on
            except OSError:  # has just broken off
                pass


def main():
    """Listen, and give each client a thread of its own, until Ctrl-C."""
    try:
        with socket.create_server((HOST, PORT)) as listener:
            # each connection inherits it: send at once; the system would hold small messages back for up to 40 ms, to gather more
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            print(f"listening on {HOST}:{PORT}")
            listener.settimeout(0.5)  # seconds; on Windows Ctrl-C is noticed only between two waits
            while True:
                try:
                    conn, addr = listener.accept()
                except TimeoutError:
                    pass
                threading.Thread(target=handle_client, args=(conn, addr)).start()
    except KeyboardInterrupt:
        pass
    finally:  # also when accept() fails: or nobody would end the threads
        say_goodbye()  # and Python waits for them: none of them is a daemon


if __name__ == "__main__":
    main()
