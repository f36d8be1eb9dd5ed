"""What watches a student's program from inside its process, and answers the checker.

Questions and answers go over two inherited pipes: commands come in, one line each;
events and replies go out, one JSON object a line. Nothing is changed that a right
program could notice, except on command: then it is done what any system may do, at the
moment when it matters (a short read, a short send, a thread that runs late).

It imports only what a server imports itself, so that starting stays quick.
"""

import _thread
import collections
import io
import os
import select
import signal
import socket
import struct
import sys
import threading
import time

import holds
import where
from where import places, steps

loaded = set(sys.modules)
import json  # noqa: E402

spare = set(sys.modules) - loaded  # the modules that came with it

MODULES = frozenset({"witness", "accesses", "actors", "calls", "catching", "clocks", "files", "finding", "following", "forks", "holds", "hooks", "kinds", "locking", "locks", "order", "run", "selecting", "sockets", "state",
                     "store", "seal", "serving", "wall", "where"})  # of this folder
HERE = os.path.join(os.path.dirname(__file__), "")
CHECKER_GONE = 70  # exit code when the checker has died

Socket, RealEvent = socket.socket, threading.Event
real = {name: getattr(Socket, name) for name in (
    "_accept", "bind", "close", "connect", "connect_ex", "listen",
    "recv", "recv_into", "recvfrom", "recvfrom_into", "recvmsg", "send", "sendall", "sendmsg", "sendto", "setsockopt", "shutdown") if hasattr(Socket, name)} | {
    "_exit": os._exit, "read": os.read, "write": os.write, "start": threading.Thread.start, "make": threading.Thread.__init__, "sleep": time.sleep, "make_timer": threading.Timer.__init__,
    "select": select.select, "poll": getattr(select, "poll", None), "epoll": getattr(select, "epoll", None)}

ports = {}  # the port that the student named -> the one that it got
bound = {}  # file descriptor -> (the address that the student named, where)
connections = {}  # file descriptor -> Connection, the last one that had it
past = collections.deque(maxlen=50)  # Connections that were closed after an error, and whose number another one has got
doing = {}  # thread -> (what it is doing, the socket, the Connection, is it limited in time, or a function that tells?, is what it waits for there?, the clients of whom it waits to read from one, and those for whom there is no room; or the thread for whose end it waits)
accepted = []  # one for each connection: += would not be one step
deepest = 0, ()  # how deep a function was in itself when a send failed, and where
activity = 0  # changes whenever a thread enters or leaves a socket call
stirs = 0  # the same, but for calls of a thread that again and again finds nothing
unmoved = set()  # threads whose last call has found nothing
naps = {}  # thread -> its last Nap
sleepers = []  # of those who wait for a time to pass, functions that wake them
serving = set()  # threads that have had to do with a client, or looked for one
blocks = None  # told of each call that may block, where locks are watched
rests = None  # told when a thread is about to wait for a client, where containers are watched
ways = None  # what is known of pairs of sockets and pipes, where threads' order is watched: see `order`
readers = {}  # thread -> the client from whom it read last
caught = {}  # thread -> (the error that the student's code has caught there since it read last, its stack), where containers are watched
in_vain = {}  # the same, of errors that only say that nothing was there in time
observer = []  # the thread that answers the checker
NOTHING_FOUND = (BlockingIOError, TimeoutError)


def in_places(error):
    """An error of `caught` as it is told, or None."""
    return error and {"error": error[0], "where": places(error[1])}


class Connection:
    """A connection that the program has accepted, or made, as its own side sees it."""

    def __init__(self, peer, accepted_at):
        self.peer = peer  # the other side's port
        self.accepted_at = accepted_at  # or connected
        self.received = self.sent = 0  # bytes
        self.is_shut = False  # by us, so that reading tells the end at once
        self.is_promised = False  # has a select() told since the last send that there is room?
        self.lingers = False  # will close() wait, see SO_LINGER in socket(7)?
        self.has_copies = False  # of its file, see dup(2)
        self.ends = 0  # times that reading told the end of the stream, or an error; 1 at least when a send has failed
        self.found_nothing = 0  # times that reading without waiting found nothing there
        self.reader = None  # the thread that read last
        self.senders = set()  # the threads that have sent
        self.read_at = self.closed_at = self.failed_at = self.linger_at = ()
        self.unread = 0  # bytes that lay there when it was closed
        self.closed_after = None  # the error that this thread had caught before, and where
        self.full_at = ()  # where the last send stands, if it found no room for all of its bytes and did not wait
        self.rest, self.short_at = b"", ()  # the beginning of what a send() has left, until it is sent; where that send() stands
        self.sends = collections.deque(maxlen=512)  # (offset in the stream, stack), the last ones

    def facts(self):
        return {"peer": self.peer, "received": self.received, "sent": self.sent, "ends": self.ends, "found_nothing": self.found_nothing,
                "reader": self.reader, "senders": list(self.senders),
                "accepted_at": places(self.accepted_at), "read_at": places(self.read_at), "closed_at": places(self.closed_at),
                "short_at": places(self.short_at), "failed_at": places(self.failed_at), "linger_at": places(self.linger_at), "unread": self.unread,
                "closed_after": in_places(self.closed_after), "caught": in_places(caught.get(self.reader) or in_vain.get(self.reader)), "full_at": places(self.full_at)}

    def note_rest(self, data, sent):
        """Of this data a send() took so many bytes; keep in mind where, until a send begins with the rest."""
        if self.rest and bytes(data[:len(self.rest)]) == self.rest[:len(data)]:
            self.rest, self.short_at = b"", ()
        if sent < len(data) and not self.rest:
            self.rest, self.short_at = bytes(data[sent:sent + 64]), steps(sys._getframe(3))


# ------------------------------------------------------------------ the pipe to the checker

_pipe = None
_sign = b""  # what each line begins with, so that it is known to be ours: the program may write into the pipe
allocate_lock = _thread.allocate_lock  # the real one, also when `locks` has put its own in its place
_pipe_lock = allocate_lock()


def as_text(thing):
    """What JSON does not know, such as the b"127.0.0.1" of an address."""
    return thing.decode("utf-8", "replace") if isinstance(thing, bytes) else repr(thing)


encode = json.JSONEncoder(default=as_text).encode  # whatever the student makes of json.dumps


def tell(**facts):
    data = _sign + encode(facts).encode() + b"\n"
    with _pipe_lock:
        try:
            while data:
                data = data[real["write"](_pipe, data):]
        except OSError:
            pass  # the student closed it: the checker sees that it has lost its witness


def speaks(pipe, sign):
    """From now on `tell` writes into this pipe."""
    global _pipe, _sign
    _pipe, _sign = pipe, sign


def after_fork():
    """In a child another thread may have held the pipe; nobody there would give it back."""
    global _pipe_lock
    _pipe_lock = allocate_lock()


def start_observer(*arguments):
    """Start the thread that obeys, to which no signal comes: one is for the program's threads, of which one may wait for it; see signal(7)."""
    mask = getattr(signal, "pthread_sigmask", None)
    before = mask and mask(signal.SIG_BLOCK, signal.valid_signals())  # a new thread has the mask of the one that starts it
    _thread.start_new_thread(obey, arguments)
    if mask:
        mask(signal.SIG_SETMASK, before)


def obey(commands, obeyed, changed, tell=tell):
    """Answer the checker's commands until it is gone, then end this process.

    obeyed: {command: function}; changed() tells what the program has changed here. Both
    are this thread's own, in no module.
    """
    observer.append(_thread.get_ident())
    rest = b""
    while True:
        try:
            data = real["read"](commands, 4096)
        except OSError:
            return
        if not data:
            real["_exit"](CHECKER_GONE)
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            word, *args = line.decode().split()
            reply = answer(obeyed[word], args)
            if word == "report" and reply:
                reply["changed"] = changed()
            tell(reply=reply)


def answer(obey, args, attempts=200):
    """Obey one command. What it looks at may just be changed by a thread: then look again."""
    for _ in range(attempts):
        try:
            return obey(*args)
        except RuntimeError:  # changed size during iteration
            continue
    return None


def sole_peer_of(ident):
    """The client to whom this thread has sent, if it has to one only: its writer."""
    peers = {conn.peer for conn in [*past, *list(connections.values())] if ident in conn.senders}
    return peers.pop() if len(peers) == 1 else None


def peer_of(ident):
    """The client whom this thread reads from, or None."""
    return readers.get(ident)


def is_open(fd):
    try:
        os.fstat(fd)
        return True
    except OSError:
        return False


def has_room(fd):
    """Would a send on this connection go on at once?"""
    if fd < 0:
        return True
    if not real["poll"]:
        return bool(real["select"]([], [fd], [], 0)[1])
    poll = real["poll"]()
    poll.register(fd, select.POLLOUT)
    return bool(poll.poll(0))


def limit_of(sock, call):
    """The seconds after which this call gives up, by settimeout() or SO_SNDTIMEO and SO_RCVTIMEO, see socket(7); or None."""
    timeout, option = sock.gettimeout(), getattr(socket, {"send": "SO_SNDTIMEO", "recv": "SO_RCVTIMEO"}.get(call, ""), None)
    if timeout is not None or option is None:
        return timeout
    try:
        set_to = sock.getsockopt(socket.SOL_SOCKET, option, 16)
    except OSError:  # just closed
        return None
    seconds, micro = struct.unpack("ll", set_to) if len(set_to) == 16 else (0, int.from_bytes(set_to, "little") * 1000)
    return seconds + micro / 1e6 or None


# ------------------------------------------------------------------ calls that may block

class Call:
    """Marks this thread as inside a call that may block, for as long as the call takes."""

    found = True  # has it found what it waited for?

    def __init__(self, name, sock, conn, timed=None, there=None, watched=None):
        self.mark = (name, sock, conn, timed, there, watched)

    def __enter__(self):
        global activity, stirs
        name, sock, conn = self.mark[:3]
        if blocks and sock is not None and sock.gettimeout() != 0:
            blocks(name, to=conn.peer if conn and name == "send" else None)
        ident = _thread.get_ident()
        doing[ident] = self.mark
        activity += 1
        if ident not in unmoved:
            stirs += 1
        if sock is not None or conn is not None or name == "select":
            serving.add(ident)
        return self

    def __exit__(self, error, *_):
        global activity, stirs
        activity += 1
        ident = _thread.get_ident()
        doing.pop(ident, None)
        if self.found and error not in NOTHING_FOUND:
            unmoved.discard(ident)
            stirs += 1
        else:
            unmoved.add(ident)


class CallOf(Call):
    """Marks this thread as waiting on a condition of the library's; until it has left the call it waits only while it is among the waiters."""

    def __init__(self, name, condition, timed):
        self.inside = vars(condition).setdefault("_inside", [])
        super().__init__(name, None, None, timed, lambda: len(self.inside) > len(condition._waiters))

    def __enter__(self):
        self.inside.append(None)
        return super().__enter__()

    def __exit__(self, *error):
        super().__exit__(*error)
        self.inside.pop()


class Nap:
    """A sleep of a thread, of so many seconds: what `stirs` was when it began, and when the one before began."""

    def __init__(self, thread, seconds):
        self.thread, self.seconds, self.over = thread, seconds, False
        self.began, self.before = stirs, naps[thread].began if thread in naps else None

    def ends(self, bed):
        self.over = True  # also before the thread runs again
        bed.release()

    def facts(self):
        """has_looked: has nothing stirred since before the thread looked last, which then went to sleep again?"""
        return None if self.over else {"seconds": float(self.seconds), "has_looked": self.before == stirs, "serves": self.thread in serving}


def sleep(seconds):
    """time.sleep, of which is told."""
    if blocks and seconds:
        blocks("sleep")
    ident = _thread.get_ident()
    nap = naps[ident] = Nap(ident, seconds)
    try:
        if sys.platform == "win32" or not isinstance(seconds, (int, float)) or not 0 < seconds <= threading.TIMEOUT_MAX:  # there Ctrl-C wakes nobody from acquire()
            real["sleep"](seconds)
        else:
            bed = allocate_lock()
            bed.acquire()
            sleeps(lambda: bed.acquire(timeout=seconds), lambda: bed.locked() and nap.ends(bed))
    finally:
        nap.over = True


def sleeps(sleep, wake):
    """Call sleep(), in which this thread waits for a time to pass, and return what it does; wake() ends it."""
    sleepers.append(wake)
    try:
        return sleep()
    finally:
        sleepers.remove(wake)


def wake(patience=1000):
    """Let the time have passed for which those wait who sleep now, and wait a moment until they go on."""
    woken = list(sleepers)
    for each in woken:
        each()
    while patience and any(each in sleepers for each in woken):
        real["sleep"](0.001)
        patience -= 1


class Event(RealEvent):
    """threading.Event: the time of who waits for it may have passed at once."""

    def __new__(cls, *args, **kwargs):
        return RealEvent() if cls is Event and where.is_library(sys._getframe(1)) else super().__new__(cls)

    def wait(self, timeout=None):
        if timeout is not None:
            return sleeps(lambda: RealEvent.wait(self, timeout), lambda: self._wake()) and RealEvent.is_set(self)
        while not (RealEvent.wait(self) and RealEvent.is_set(self)):  # woken together with one whose time has passed
            pass
        return True

    def _wake(self):
        with self._cond:
            self._cond.notify_all()


def made(kind):
    """An event of this kind, whoever makes it."""
    event = kind.__new__(kind)
    event.__init__()
    return event


def make_timer(timer, *args, **kwargs):
    """threading.Timer.__init__(): what it waits for is an event of ours."""
    real["make_timer"](timer, *args, **kwargs)
    timer.finished = made(Event)


def let_events_pass():
    """Where nothing more is watched of them, see `order`."""
    threading.Event, threading.Timer.__init__ = Event, make_timer


# ------------------------------------------------------------------ the keyboard and the screen

class Keyboard(io.FileIO):
    """Standard input, with a mark on the thread that waits for it."""

    taken = 0  # bytes

    def readinto(self, buffer):
        with Call("input", None, None):
            count = super().readinto(buffer)
            Keyboard.taken += count
        if 0 in holds.followed:
            holds.hold_later(None, 0, "follow", 0, sys._getframe(1))
        return count


def sit_at_a_terminal():
    """Print line by line, as in a terminal, and watch what is read of what is typed."""
    sys.stdout.reconfigure(line_buffering=True)
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(io.BufferedReader(Keyboard(0, closefd=False)), "utf-8", "surrogateescape")


# ------------------------------------------------------------------ threads

def make(thread, *args, **kwargs):
    """threading.Thread.__init__; keeps in mind where."""
    real["make"](thread, *args, **kwargs)
    thread.made_at = steps(sys._getframe(1))


def start(thread):
    thread.started_at = steps(sys._getframe(1))
    real["start"](thread)


def not_started():
    """The threads that were made and not started."""
    return [thread for thread in list(getattr(threading, "_dangling", ())) if not hasattr(thread, "started_at") and hasattr(thread, "made_at")]


def wait_for_end(thread, block=True, timeout=-1):
    """What join() waits in. Python 3.11 and 3.12 take a thread for ended when Ctrl-C interrupts a join() of it; 3.13 does not, nor does this."""
    lock = thread._tstate_lock
    if lock is None:
        return
    try:
        if lock.acquire(block, timeout):
            lock.release()
            thread._stop()
    except BaseException:
        if lock.locked() and thread.ident not in sys._current_frames():  # it has ended, and the lock is ours
            lock.release()
            thread._stop()
        raise


def waiting_for_signal(function):
    """A function of `signal` that returns when a signal has come, marked while it waits."""
    def wait(*signals):
        with Call("signal", None, None):
            return function(*signals)
    return wait
