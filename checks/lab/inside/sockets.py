"""The program's sockets: what takes the place of the methods of socket.socket and of os.read() and os.write().

Each does what the real one does, marks the thread while it waits, and notes what went
over which connection from which line; the course's ports become those that are free here.
"""

import _socket
import _thread
import collections
import os
import select
import socket
import stat
import sys
from time import monotonic  # the real clock, also when `clocks` has put its own in its place

import holds
import selecting
import serving
import where
import witness
from where import places, steps
from witness import Call, Connection, Socket, accepted, bound, connections, has_room, ports, readers, real, tell

try:
    import fcntl
    import termios
except ImportError:  # Windows
    pass

NOBODYS_PORT = 1
LOOK = 20  # milliseconds after which a wait is looked at whose time may have been let pass
POLLIN = getattr(select, "POLLIN", 1)
PEEK = int(socket.MSG_PEEK)  # a plain number: that is quicker
DONT_WAIT = int(getattr(socket, "MSG_DONTWAIT", 0))


def install():
    for function in (_accept, bind, close, connect, connect_ex, listen, recv, recv_into, recvfrom, recvfrom_into, recvmsg, send, sendall, sendmsg, sendto, setsockopt, shutdown):
        if function.__name__ in real:
            setattr(Socket, function.__name__, function)
    os.read, os.write, os.dup, socket.dup = read, write, copying(os.dup), copying(socket.dup)
    selecting.install()


def is_address(sock, address):
    """Is this a TCP socket, and the address one that the system would not refuse at sight?"""
    return (sock.type == socket.SOCK_STREAM and sock.family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple) and len(address) >= 2
            and isinstance(address[0], (str, bytes)) and isinstance(address[1], int) and 0 <= address[1] < 1 << 16)


def bind(sock, address):
    if is_address(sock, address):
        asked = tuple(address[:2])
        here = "127.0.0.1" if sock.family == socket.AF_INET else asked[0]
        real["bind"](sock, (here, ports.get(asked[1], 0)))
        ports[asked[1]] = sock.getsockname()[1]
        bound[sock.fileno()] = asked, places(steps(sys._getframe(1)))
    else:
        real["bind"](sock, address)


def listen(sock, *args):
    real["listen"](sock, *args)
    serving.watch()
    if witness.ways:
        witness.ways.gave_number(sock.fileno())
    asked, at = bound.get(sock.fileno(), (None, places(steps(sys._getframe(1)))))
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        tell(event="listening", port=sock.getsockname()[1], asked=asked, where=at)


def _accept(sock):
    """What accept() of socket.socket calls, and of a subclass that makes its own kind of socket: (file descriptor, address)."""
    if holds.points:
        holds.let_go()
    if witness.rests:
        witness.rests()
    with Call("accept", sock, None):
        if sock.gettimeout():
            wait_for_client(sock, sock.gettimeout())
        fd, address = real["_accept"](sock)
    if holds.most["buffer"]:
        conn = _socket.socket(fileno=fd)
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, holds.most["buffer"])
        conn.detach()
    if isinstance(address, tuple):
        before = connections.get(fd)
        if before and before.closed_after:
            witness.past.append(before)
        connections[fd] = Connection(address[1], steps(sys._getframe(1)))
    if witness.ways:
        witness.ways.gave_number(fd)
    accepted.append(address)  # now that it does not count as waiting any more
    if holds.asked:
        try:
            holds.at_accept(sys._getframe(1))
        except BaseException:  # Ctrl-C; nobody has it yet who could close it
            socket.close(fd)
            raise
    return fd, address


def wait_for_client(listener, seconds):
    """Wait until there is one, or the listener is closed, at most so long. Raises TimeoutError when that time is over, or has been let pass, see `witness.wake`."""
    if not real["poll"]:
        return
    poll, passed, until = real["poll"](), [], monotonic() + seconds
    poll.register(listener.fileno(), POLLIN)

    def wait():
        while not passed and not poll.poll(LOOK):
            if monotonic() > until:
                passed.append(True)

    witness.sleeps(wait, lambda: passed.append(True))
    if passed:
        raise TimeoutError("timed out")


def receive(sock, size, flags, call, count_of):
    """One recv of at most `size` bytes, or of its kin; `call(size)` does it, and count_of() what it returns are how many."""
    conn = connections.get(sock.fileno())
    if holds.points:
        holds.let_go()
    if conn is None:
        if not witness.ways:
            return call(size)
        with witness.ways.waiting(sock.fileno(), sock.gettimeout()):
            got = call(size)
        witness.ways.takes(sock.fileno(), count_of(got))
        return got
    conn.reader, conn.read_at = _thread.get_ident(), steps(sys._getframe(2))
    witness.caught.pop(conn.reader, None)
    witness.in_vain.pop(conn.reader, None)
    if holds.most["recv"] and not flags:
        size = min(size, holds.most["recv"])
    if holds.most["wait"] and sock.gettimeout():
        holds.most["wait"] -= 1
        raise TimeoutError("timed out")
    readers[conn.reader] = conn.peer
    if witness.rests:
        witness.rests()
    with Call("recv", sock, conn, there=lambda: conn.is_shut):
        try:
            got = call(size)
        except (BlockingIOError, TimeoutError):
            conn.found_nothing += 1
            raise
        except OSError:
            conn.ends += 1
            holds.at_end(conn)
            raise
        count = count_of(got)
        if not count and size > 0:
            conn.ends += 1
            holds.at_end(conn)
    if not flags & PEEK:
        conn.received += count  # now that it does not count as waiting any more
    if holds.asked or holds.followed:
        holds.after("recv", conn)
    return got


def recv(sock, size, flags=0):
    return receive(sock, size, flags, lambda size: real["recv"](sock, size, flags), len)


def recv_into(sock, buffer, nbytes=0, flags=0):
    size = nbytes or memoryview(buffer).nbytes
    return receive(sock, size, flags, lambda size: real["recv_into"](sock, buffer, size, flags), int)


def recvfrom(sock, size, flags=0):
    return receive(sock, size, flags, lambda size: real["recvfrom"](sock, size, flags), lambda got: len(got[0]))


def recvfrom_into(sock, buffer, nbytes=0, flags=0):
    size = nbytes or memoryview(buffer).nbytes
    return receive(sock, size, flags, lambda size: real["recvfrom_into"](sock, buffer, size, flags), lambda got: got[0])


def recvmsg(sock, size, beside=0, flags=0):
    return receive(sock, size, flags, lambda size: real["recvmsg"](sock, size, beside, flags), lambda got: len(got[0]))


def transmit(name, sock, data, flags, call):
    """One send or sendall of this data; `call(data)` does it."""
    conn = connections.get(sock.fileno())
    if conn is None:
        if not witness.ways:
            return call(data)
        witness.ways.gives(sock.fileno())
        sent = call(data)
        witness.ways.has_given(sock.fileno(), memoryview(data).nbytes if sent is None else sent)
        return sent
    if holds.points:
        holds.let_go(by_send=True)
    waits_for_room = sock.gettimeout() != 0 and not flags & DONT_WAIT
    is_promised, conn.is_promised = conn.is_promised and name == "send", False
    if holds.asked:
        holds.at_send(sock, conn, not waits_for_room, is_promised)
    try:
        size = memoryview(data).nbytes
    except TypeError:
        return call(data)  # which says in its own words what is wrong
    whole, piece = data, name == "send" and size > 1 and holds.asked.get(("piece", conn.peer))
    fits = size // 2 if piece else holds.most["send"] or size
    if name == "send" and size > fits:
        data, size = memoryview(data).cast("B")[:fits], fits
    conn.sends.append((conn.sent, steps(sys._getframe(2))))
    conn.full_at = ()
    conn.senders.add(_thread.get_ident())
    with Call("send", sock if waits_for_room else None, conn, there=lambda: has_room(sock.fileno())):
        try:
            if conn.peer in holds.failing:
                raise OSError(holds.failing[conn.peer], os.strerror(holds.failing[conn.peer]))
            sent = call(data)
        except (BlockingIOError, TimeoutError):
            conn.full_at = steps(sys._getframe(2))
            raise
        except OSError:
            conn.ends = conn.ends or 1
            conn.failed_at = conn.failed_at or steps(sys._getframe(2))
            note_depth()
            holds.after("fail", conn)
            raise
        sent_now = size if sent is None else sent
        conn.sent += sent_now
        if sent_now < size:
            conn.full_at = steps(sys._getframe(2))
        if conn.rest or name == "send":
            conn.note_rest(memoryview(whole).cast("B"), sent_now)
        if piece:
            holds.after("piece", conn)
        elif holds.asked:
            holds.after("sent", conn)
    return sent


def note_depth():
    """Keep in mind how often the most frequent of the student's functions is on the stack when a send fails."""
    stack = [step for step in steps(sys._getframe(2)) if where.is_theirs(step[0])]
    (code, count), = collections.Counter(code for code, _ in stack).most_common(1) or [(None, 0)]
    if count > witness.deepest[0]:
        witness.deepest = count, places([step for step in stack if step[0] is code], 1)


def send(sock, data, flags=0):
    return transmit("send", sock, data, flags, lambda data: real["send"](sock, data, flags))


def sendall(sock, data, flags=0):
    def call(data):
        return real["sendall"](sock, data, flags)

    conn = connections.get(sock.fileno())
    piece = holds.next_hold("piece", conn) if conn else None
    if piece and piece[1] == 1:
        data = memoryview(data).cast("B")
        transmit("sendall", sock, data[:len(data) // 2], flags, call)
        with Call("send", sock, conn, there=lambda: False):
            holds.wait_at(piece[0], "piece", conn.peer)
        data = data[len(data) // 2:]
    return transmit("sendall", sock, data, flags, call)


def sendmsg(sock, buffers, beside=(), flags=0, *to):
    if beside or to:
        return real["sendmsg"](sock, buffers, beside, flags, *to)
    return transmit("send", sock, b"".join(buffers), flags, lambda data: real["send"](sock, data, flags))


def sendto(sock, data, *to):
    return transmit("send", sock, data, to[0] if len(to) > 1 else 0, lambda data: real["sendto"](sock, data, *to))


# ------------------------------------------------------------------ os.read() and os.write() on a socket

class Descriptor:
    """A socket of which only the file descriptor is known."""

    def __init__(self, fd):
        self.fd = fd

    def fileno(self):
        return self.fd

    def gettimeout(self):
        try:
            return None if os.get_blocking(self.fd) else 0.0
        except OSError:  # just closed
            return 0.0

    def getsockopt(self, *option):
        sock = Socket(fileno=os.dup(self.fd))
        try:
            return sock.getsockopt(*option)
        finally:
            os.close(sock.detach())


def is_connection(fd):
    try:
        return fd in connections and stat.S_ISSOCK(os.fstat(fd).st_mode)
    except OSError:
        return False


def read(fd, size):
    if is_connection(fd):
        return receive(Descriptor(fd), size, 0, lambda size: real["read"](fd, size), len)
    return real["read"](fd, size)


def write(fd, data):
    if is_connection(fd):
        return transmit("send", Descriptor(fd), data, 0, lambda data: real["write"](fd, data))
    return real["write"](fd, data)


# ------------------------------------------------------------------ the end of a connection

def note_end(sock):
    conn = connections.get(sock.fileno())
    if conn is not None and not conn.closed_at:  # who ends it first says more than who cleans up
        conn.closed_at, conn.unread = steps(sys._getframe(2)), waiting_in(sock)
        in_vain = witness.in_vain.get(_thread.get_ident(), ("",))  # and nothing was received since: a time-out by which it was ended
        conn.closed_after = witness.caught.get(_thread.get_ident()) or (in_vain if in_vain[0].startswith("TimeoutError") else None)


def waiting_in(sock):
    """How many bytes have come that were not received yet; 0 where that cannot be told."""
    count = bytearray(4)
    try:
        fcntl.ioctl(sock.fileno(), termios.FIONREAD, count)
    except (NameError, OSError, ValueError):
        return 0
    return int.from_bytes(count, sys.byteorder)


def setsockopt(sock, level, option, value, *more):
    real["setsockopt"](sock, level, option, value, *more)
    conn = connections.get(sock.fileno())
    if conn is not None and (level, option) == (socket.SOL_SOCKET, socket.SO_LINGER):
        conn.linger_at = steps(sys._getframe(1))
        conn.lingers = any(bytes(value[:4])) and any(bytes(value[4:]))  # on, and for more than no time


def copying(dup):
    """os.dup() or socket.dup(): the copy is the same connection."""
    def call(fd):
        copy, conn = dup(fd), connections.get(fd)
        connections.pop(copy, None)  # a number may be given again
        if witness.ways:
            witness.ways.gave_number(copy, fd)
        if conn:
            connections[copy], conn.has_copies = conn, True
        return copy
    return call


def close(sock):
    fd, conn = sock.fileno(), connections.get(sock.fileno())
    if not (conn and conn.has_copies and any(other is conn and copy != fd and witness.is_open(copy) for copy, other in list(connections.items()))):
        note_end(sock)
    if conn and conn.lingers and witness.blocks:
        witness.blocks("a lingering close")  # until the client has taken what was sent to it
    real["close"](sock)
    if conn is not None and holds.asked:
        holds.at("closed", conn)


def shutdown(sock, how):
    if how != socket.SHUT_RD:  # of which the other side is not told
        note_end(sock)
    conn = connections.get(sock.fileno())
    if conn is not None and how != socket.SHUT_WR:
        conn.is_shut = True
    real["shutdown"](sock, how)
    if conn is not None and holds.asked and conn.reader != _thread.get_ident():
        holds.after("shut", conn)
    if conn and how != socket.SHUT_RD:
        holds.release("full", str(conn.peer))  # who waits for room is told at once that there is nobody any more


def dial(name, sock, address):
    """connect() or connect_ex(): who asks for the course's port comes to the one that it is here."""
    if is_address(sock, address):
        at = steps(sys._getframe(2))
        tell(event="connecting", asked=tuple(address[:2]), where=places(at))
        if address[1] in ports:
            if sock.family == socket.AF_INET6:  # the course's server is not there: "localhost" is tried as ::1 first
                address = ("::1", NOBODYS_PORT, *address[2:])
            else:
                address = ("127.0.0.1", ports[address[1]])
        connections[sock.fileno()] = Connection(address[1], at)
        if witness.ways:
            witness.ways.gave_number(sock.fileno())
    with Call("connect", sock, None):
        return real[name](sock, address)


def connect(sock, address):
    return dial("connect", sock, address)


def connect_ex(sock, address):
    return dial("connect_ex", sock, address)
