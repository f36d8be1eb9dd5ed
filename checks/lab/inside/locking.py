"""What the witness knows of locks: who holds which, since where, and who waits for whom; which calls block while one is held."""

import _thread
import sys
import threading

import holds
import where
import witness
from actors import actors, describe_actor, follows, me, signals, ticks
from where import places, steps

MOST_UNHELD = 20  # releases of free locks that are kept
MOST_RELEASES = 400  # of one lock, before those are let go which the same thread's later ones make up for
Semaphore = threading.Semaphore  # the real one, also when `locks` has put its own in its place

handlers = set()  # the code of the functions that handle a signal
in_order = {}  # (lock, the next) -> [(actor, where the first was taken, where the next, what else was held)]
interrupted = []  # (lock, where the main thread takes it, where a handler does)
under_lock = {}  # (lock, call, place) -> (lock, call, stack, since, actor): calls that block while a lock is held
unheld = []  # (lock, stack, number, name and peer of the thread): releases of a lock that was free
told = set()  # the locks for which somebody waits for ever, as the checker knows


class Held:
    """What the traced locks have in common: the holder, and since where."""

    holder, since, reentrant = None, (), False
    sent_to = frozenset()  # the clients to whom something was sent under it
    made_for = None  # the client whose thread has made it
    is_signal = False  # has a thread released it that did not hold it?
    main_at = ()  # where the main thread has taken it, since there is a handler for a signal, and outside of that
    given_up = frozenset()  # the threads whose time has passed in waiting for this holder
    released = ()  # (number of a thread, when it released it), the latest last; of a thread, its last release at least
    most_releases = MOST_RELEASES

    def taken(self, actor, stack, timed=False):
        self.holder, self.since = actor, stack
        if self.given_up:
            self.given_up = frozenset()
        if self.is_signal:
            follows(self)
        for number, then in reversed(self.released):
            if number == actor.number:
                break  # what was before has been heard when this thread held it last
            actor.heard[number] = max(then, actor.heard.get(number, 0))
        if handlers and not self.reentrant and actor.ident == threading.main_thread().ident:
            self.taken_by_main(stack)
        for other, since in () if timed else actor.held:
            there, beside = in_order.setdefault((other, self), []), [lock for lock, _ in actor.held if lock is not other]
            if len(there) < 8 and not any(each[0] is actor and each[3] == beside for each in there):
                there.append((actor, since, stack, beside))
        actor.held.append((self, stack))
        actor.sections, actor.missed = actor.sections + 1, ()
        actor.holding = frozenset([id(lock) for lock, _ in actor.held])

    def taken_by_main(self, stack):
        """A signal's handler runs between two lines of the main thread, also where that holds a lock for which the handler waits."""
        if not handlers.isdisjoint(code for code, _ in stack):
            if self.main_at:
                interrupted.append((self, self.main_at, stack))
        else:
            self.main_at = self.main_at or stack

    def given_back(self):
        holder, self.holder = self.holder, None
        if holder:
            self.note_release(holder.number, next(ticks))
            if holder.ident != _thread.get_ident() and not self.is_signal:
                self.is_signal = True
                if self in told:
                    witness.tell(event="goes on", lock=id(self))
            if self.is_signal:
                signals(self)
            holder.held[:] = [entry for entry in holder.held if entry[0] is not self]
            holder.holding = frozenset([id(lock) for lock, _ in holder.held])

    def was_free(self, stack):
        """A thread has released this lock, and nobody held it: had another one, that one's would be gone. The main thread may know that it is alone."""
        actor = me()
        if not actor.held and actor.ident != threading.main_thread().ident and len(unheld) < MOST_UNHELD:
            unheld.append((self, stack, actor.number, actor.name, actor.peer))

    def note_release(self, number, time):
        if not self.released or len(self.released) > self.most_releases:
            self.released = sorted(dict(self.released).items(), key=lambda release: release[1])  # a new list: another thread may go through the old one
            self.most_releases = max(MOST_RELEASES, 2 * len(self.released))
        if self.released and self.released[-1][0] == number:
            self.released[-1] = number, time
        else:
            self.released.append((number, time))

    def waited_for(self, actor, stack, blocking, timeout):
        """Wait for this lock as acquire() was asked to; return whether it was got. The thread is marked, and it is seen whether its waiting can ever end."""
        if not blocking or timeout == 0:
            return False
        if timeout > 0 and self.holder and self.holder.ident in holds.late and actor not in self.given_up:
            self.given_up |= {actor}
            actor.gave_up = True
            return False  # as if the time had passed: its holder is held; who tries again waits
        timed = timeout != -1
        actor.waits_for, actor.waits_at = (None if timed else self), stack
        if not timed:
            look_for_deadlock(actor)
        with witness.Call("lock", None, None, timed, lambda: self.holder is None):
            try:
                if not timed and holds.asked:
                    holds.at_lock(self.holder)
                return self._lock.acquire(blocking, timeout)
            finally:
                actor.waits_for = None


def section_ended():
    """This thread has released a lock."""
    if holds.points and not me().held:
        holds.at_section_end()


# ------------------------------------------------------------------ who waits for ever, told when it happens

def look_for_deadlock(actor):
    """Tell of a wait that cannot end: for a lock of its own, for a thread that has ended, or in a circle.

    A lock that another thread releases than the one that took it is a signal: it ends the wait.
    """
    chain, lock = [actor], actor.waits_for
    while lock is not None and lock.holder is not None and len(chain) < 50:
        holder = lock.holder
        if holder.ended and isinstance(lock, End):
            return
        if holder is actor or holder.ended:
            kind = "kept" if holder.ended else "again" if len(chain) == 1 else "circle"
            if not isinstance(lock, Semaphore) and not lock.is_signal and lock not in told:
                told.add(lock)
                witness.tell(event="stuck", lock=id(lock), kind=kind, waits=[describe_wait(each) for each in chain])
            return
        if holder in chain:
            return  # a circle beside us: those in it have told
        chain.append(holder)
        lock = holder.waits_for


def ends(actor):
    """This thread has ended: whoever waits for a lock that it still holds waits for ever."""
    actor.ended = True
    actors.pop(actor.ident, None)
    actor.young, actor.heard = [], {}  # itself it may be remembered for long
    kept = [lock for lock, _ in actor.held]
    for other in list(actors.values()) if kept else ():
        if any(other.waits_for is lock for lock in kept):
            look_for_deadlock(other)


class End:
    """The end of a thread, which is its own to give: a thing to wait for like a lock that it holds."""

    made = since = ()
    is_signal = False

    def __init__(self, actor):
        self.holder = actor


class WaitFor:
    """Marks this thread as waiting without a time-out for the end of that one, an Actor or None."""

    def __init__(self, other):
        self.other = other

    def __enter__(self):
        if self.other:
            actor = me()
            actor.waits_for, actor.waits_at = End(self.other), steps(sys._getframe(2))
            look_for_deadlock(actor)

    def __exit__(self, *_):
        if self.other:
            me().waits_for = None


def describe_wait(actor):
    lock = actor.waits_for
    return {"thread": actor.ident, "name": actor.name, "peer": actor.peer, "at": places(actor.waits_at),
            "made": places(lock.made), "since": places(lock.since), "holder": lock.holder.peer,
            "for_end_of": lock.holder.name if isinstance(lock, End) else None}


def opposite_orders():
    """Two locks that two threads take in opposite order, with no third lock around: a deadlock that has not happened yet."""
    found = []
    for (first, second), there in list(in_order.items()):
        for one in there:
            for other in in_order.get((second, first), ()) if id(first) < id(second) else ():
                if one[0] is not other[0] and not {*map(id, one[3])} & {*map(id, other[3])}:
                    found.append([{"thread": actor.number, "peer": actor.peer, "name": actor.name,
                                   "first": describe_lock(a, since), "second": describe_lock(b, stack)}
                                  for a, b, (actor, since, stack, _) in ((first, second, one), (second, first, other))])
    return found


# ------------------------------------------------------------------ what blocks under a lock

def blocks(call, but=None, to=None):
    """This thread begins a call that may block, to a client if there is one: note the locks that it holds."""
    actor = actors.get(_thread.get_ident())
    if actor and actor.held:
        frame = sys._getframe(2)
        while frame is not None and not frame.f_code.co_filename.startswith(where.folder):  # is_theirs() would be slower
            frame = frame.f_back
        for lock, since in actor.held:
            if to is not None and to not in lock.sent_to:
                lock.sent_to |= {to}
            if lock is not but and frame is not None:
                known = lock, call, id(frame.f_code), frame.f_lasti
                if known not in under_lock:
                    under_lock[known] = lock, call, steps(frame), since, actor


# ------------------------------------------------------------------ what is told

def sections_of(ident):
    return ident in actors and actors[ident].sections


def locks_of(ident):
    """What the state says of a thread: the locks that it holds, and the one that it waits for."""
    actor = actors.get(ident)
    if actor is None:
        return {}
    waits = None if isinstance(actor.waits_for, End) else actor.waits_for
    return {"sections": actor.sections, "gave_up": actor.gave_up, "missed": places(actor.missed), "holds": [describe_lock(lock, since) for lock, since in list(actor.held)],
            "waits_for": describe_lock(waits, waits.since) | {"holder": describe_actor(waits.holder)} if waits else None}


def describe_lock(lock, since):
    return {"lock": id(lock), "made_for": lock.made_for, "sent_to": len(lock.sent_to), "made": places(lock.made), "since": places(since)}
