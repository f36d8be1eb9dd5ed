"""What any system may do to a program, done on command: threads held where they may be late, short calls, failing sends.

The checker's side of it is `faults`.
"""

import _thread
import errno
import os
import sys
import threading

import where
import witness
from where import places, steps

most = {"recv": None, "send": None, "wait": None,  # bytes that one call may take; waits that are over at once
        "buffer": None}  # bytes of the send buffer that the next connections get
asked = {}  # (what to hold, peer) -> [(the gate to hold it at, at which point)]
gates = []
failing = {}  # peer -> the error number with which every send to it fails
late = set()  # threads that are held
refused = {}  # (what is held, peer) -> the thread whose send there would block, as long as that is held
points = {}  # thread on its way to a hold -> [how many points until there, the gate, what, peer]
sections_before = {}  # thread on its way to a hold -> how often it had taken a lock when that began
stops = []  # accesses to containers at which a thread is to be held
followed = {}  # peer -> {(code, line): None}, what the thread that reads from it has run since it was to be followed, in this order
usual = {}  # peer -> how many of these were there at the last `remember`
LOOKS = {"__contains__", "__getitem__", "get", "__len__", "len", "__eq__", "__repr__", "copy", "__iter__", "read"}
allocate_lock = _thread.allocate_lock  # the real one, also when `locks` has put its own in its place


def sections_of(ident):
    """How often this thread has taken a lock, where locks are watched: see `locking`."""


# ------------------------------------------------------------------ commands

def limit(call, size):
    most[call] = int(size) or None


def hold(what, peer, point):
    """Hold a thread that serves this client (0: whomever it serves), or several, if it is called so often; what can be held says the checker's faults.Hold."""
    asked.setdefault((what, int(peer) or None), []).append((shut(what, peer), int(point)))
    if what == "start":
        threading.setprofile(hold_new_thread)


def stop(peer, op, step, locks, line, *file):
    """Hold the next thread that serves this client (0: that serves none) at its access `op` at this line, where it holds so many locks.

    A walk before its so-many-th step, a look right after it, anything else right before.
    """
    stops.append(Stop(int(peer), op, int(step), int(locks), int(line), " ".join(file), shut("access", peer)))


def fail(peer, name):
    """From now on let every send to this client fail with this error of `errno`."""
    failing[int(peer)] = getattr(errno, name)


def follow(peer):
    """From now on note which lines the thread runs that reads from this client; 0: what is typed."""
    followed[int(peer)], usual[int(peer)] = {}, 0


def remember(peer):
    """What it has run until now is its usual way."""
    usual[int(peer)] = len(followed[int(peer)])


def lines(peer):
    """The lines that it has run, and how many of them by the last `remember`: [(file, line, function)], number."""
    return [(code.co_filename[len(where.folder):], line, code.co_name) for code, line in list(followed[int(peer)])], usual[int(peer)]


def no_more(what, *peers):
    """Hold no more threads there than are held now; of these peers alone, if any are named."""
    if what == "start":
        threading.setprofile(None)
        for ident, mine in list(points.items()):  # those on their way there, too
            if mine[2] == "start":
                points.pop(ident, None)
    for key in list(asked):
        if key[0] == what and (not peers or str(key[1]) in peers):
            asked.pop(key, None)
            refused.pop(key, None)


def release(what, *peers):
    """Let go of the threads that are held there, and hold no more; of these peers alone, if any are named."""
    no_more(what, *peers)
    for entry in gates[:]:
        if entry[0] == what and (not peers or str(entry[1]) in peers):
            try:
                gates.remove(entry)
            except ValueError:  # another thread was faster
                continue
            stops[:] = [one for one in stops if one.gate is not entry[2]]
            entry[2].release()


def release_last(what, peer="0"):
    """Let go of the thread that was caught last by this hold; the others, and those that may yet come, are held on."""
    empty = [gate for gate, _ in asked.get((what, int(peer) or None), ())]
    for entry in reversed(gates):
        if entry[:2] == (what, peer) and entry[2] not in empty:
            gates.remove(entry)
            entry[2].release()
            return


def shut(what, peer):
    gate = allocate_lock()
    gate.acquire()
    gates.append((what, peer, gate))
    return gate


# ------------------------------------------------------------------ in the program's threads

class Stop:
    """An access at which a thread is to be held."""

    def __init__(self, peer, op, step, locks, line, file, gate):
        self.peer, self.op, self.step, self.locks, self.place, self.gate = peer, op, step, locks, (file, line), gate
        self.walker, self.steps = None, 0  # the thread that walks there, and how far it has come


def wait_at(gate, what, peer, seconds=None):
    """Wait until this gate is opened, at most so many seconds; return whether it is."""
    witness.tell(event="held", what=what, peer=peer, thread=_thread.get_ident(), where=places(steps(sys._getframe(1))))
    if seconds is None:
        late.add(_thread.get_ident())  # after it was told: who sees that all stands still has heard of all that are held
    try:
        opened = gate.acquire(timeout=-1 if seconds is None else seconds)
        if opened:
            gate.release()
        return opened
    finally:  # Ctrl-C comes to the main thread also here
        late.discard(_thread.get_ident())


def hold_new_thread(frame, *_):
    """Called at the first step of a new thread, see threading.setprofile."""
    sys.setprofile(None)
    for gate, point in asked.get(("start", None), ())[:1]:
        hold_from_here(gate, point, "start", frame)


def at_accept(frame):
    """If a hold is set for this, hold this thread, which has accepted a connection."""
    for gate, point in asked.get(("accept", None), [])[:1]:
        asked["accept", None].pop(0)
        hold_from_here(gate, point, "accept", frame)


def hold_from_here(gate, point, what, frame):
    """Hold this thread at its so-many-th point, of which this is the first."""
    if point > 1:
        hold_later(gate, point - 1, what, None, frame)
    else:
        wait_at(gate, what, None)


def next_hold(what, conn):
    """The hold that is set for this, which is over then, or None."""
    waiting = asked and asked.get((what, conn.peer))
    return waiting.pop(0) if waiting else None


def at(what, conn):
    """If a hold is set for this, hold this thread here."""
    held = next_hold(what, conn)
    if held:
        wait_at(held[0], what, conn.peer)


def at_end(conn):
    """If a hold is set for this end of a client, hold its thread; not one that serves others, too."""
    ident = _thread.get_ident()
    if not any(other.reader == ident and not other.closed_at for other in list(witness.connections.values()) if other is not conn):
        at("end", conn)


def at_lock(holder):
    """If a hold is set for waits for a lock, and its holder is held, hold this thread, which is about to wait: it may be the last to get it."""
    for what, peer in list(asked):
        if what == "lock" and holder and holder.ident in late and asked[what, peer]:
            wait_at(asked[what, peer].pop(0)[0], what, peer)
            return


def at_put():
    """If a hold is set for this, hold this thread, which puts something into a queue that has room for one more."""
    peer = witness.peer_of(_thread.get_ident())
    if peer and asked.get(("put", peer)):
        wait_at(asked["put", peer].pop(0)[0], "put", peer)


def at_send(sock, conn, at_once, is_promised):
    """If a hold is set for sends to this client, hold this one; if it is to be done at once: say that it would block.

    Not if a select() has promised since the last one that there is room.
    """
    if not at_once:
        with witness.Call("send", sock, conn, there=lambda: False):
            at("send", conn)
            before_a_full_buffer(sock, conn)
    elif not is_promised and any([refuses(what, conn, sys._getframe(2)) for what in ("send", "full")]):
        raise would_block()


def refuses(what, conn, frame):
    """Is there to be no room for what this thread, in this frame, sends to this client? Of several who send the first is late alone."""
    key, ident = (what, conn.peer), _thread.get_ident()
    if not asked.get(key) or what == "send" and refused.get(key, ident) != ident:
        return False
    conn.full_at = steps(frame)
    if key not in refused:
        refused[key] = ident
        witness.tell(event="held", what=what, peer=conn.peer, thread=None, where=places(conn.full_at))
    return True


def before_a_full_buffer(sock, conn):
    """If this client's buffers are to be full, wait as the system would: until there is room, or for as long as the socket allows."""
    full = asked.get(("full", conn.peer))
    if full and not wait_at(full[0][0], "full", conn.peer, witness.limit_of(sock, "send")):
        raise TimeoutError("timed out") if sock.gettimeout() else would_block()


def would_block():
    return BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def after(what, conn):
    """If a hold is set for this, hold this thread at its point, if it comes there before its next send or recv."""
    held = next_hold(what, conn)
    if held:
        sections_before[_thread.get_ident()] = sections_of(_thread.get_ident())
        hold_later(held[0], held[1], what, conn.peer, sys._getframe(2))
    elif what in ("recv", "shut") and (held := next_hold("section", conn)):
        points[_thread.get_ident()] = [held[1], held[0], "section", conn.peer]
    elif what == "recv" and conn.peer in followed:
        hold_later(None, 0, "follow", conn.peer, sys._getframe(2))


def hold_later(gate, point, what, peer, frame):
    points[_thread.get_ident()] = [point, gate, what, peer]
    while frame is not None:
        if where.is_theirs(frame.f_code):
            frame.f_trace = trace
        frame = frame.f_back
    sys.settrace(trace)


def trace(frame, event, arg):
    if not where.is_theirs(frame.f_code):
        return None
    if event == "line":
        *_, what, peer = points.get(_thread.get_ident(), (None, None))
        if what == "follow":
            followed[peer].setdefault((frame.f_code, frame.f_lineno))
        at_point()
    return trace


def at_point():
    """This thread is at a point where it may be held."""
    mine = points.get(_thread.get_ident())
    if mine and mine[2] != "section":
        comes_closer(mine)


def at_section_end():
    """This thread has released the last lock that it held, and may be held before it goes on."""
    mine = points.get(_thread.get_ident())
    if mine and mine[2] == "section":
        comes_closer(mine)


def comes_closer(mine):
    mine[0] -= 1
    if mine[0] == 0:
        _, gate, what, peer = mine
        let_go()
        wait_at(gate, what, peer)


def let_go(by_send=False):
    """This thread has come to its next send or recv: no hold any more.

    One whose send has failed may send to others before it does anything about that; so
    it is held on until it has taken a lock.
    """
    ident = _thread.get_ident()
    if ident in points and points[ident][2] != "follow":
        if by_send and points[ident][2] == "fail" and sections_before.get(ident) == sections_of(ident):
            return
        points.pop(ident)
        sys.settrace(None)


def at_access(op, frame, locks):
    """This thread is about to do `op` with a container, holding so many locks, and may be held here."""
    at_point()
    ident = _thread.get_ident()
    for one in stops[:]:
        if (one.op, one.locks) != (op, locks) or one.peer != (witness.peer_of(ident) or 0) or one.place != places([(frame.f_code, frame.f_lasti)])[0][:2]:
            continue
        if op == "walk":
            one.walker, one.steps = ident, one.steps + 1 if one.walker == ident else 1
        if (op != "walk" or one.steps == one.step) and one in stops:
            stops.remove(one)
            if op in LOOKS:
                hold_later(one.gate, 1, "access", one.peer, frame)
            else:
                wait_at(one.gate, "access", one.peer)
