"""The program's threads as the witness knows them: which locks each holds, and what it comes after.

Each has a vector clock (Lamport 1978, Mattern 1989); what orders two threads beside
locks is in `order`.
"""

import _thread
import threading

import witness

actors = {}  # thread ident -> Actor
numbers, ticks = iter(range(1, 1 << 62)), iter(range(1, 1 << 62))


class Actor:
    """A thread, with its vector clock and the locks that it holds."""

    def __init__(self, clock=()):
        self.ident = _thread.get_ident()
        self.number = next(numbers)
        self.clock = dict(clock)
        self.clock[self.number] = 1
        self.held = []  # [(lock, stack)]
        self.holding = frozenset()  # the ids of these locks
        self.sections = 0  # how often it has taken a lock
        self.heard = {}  # number of another thread -> when it last released a lock that this one has taken since
        self.young = []  # the containers that it was the first to touch, see `store`
        self.waits_for, self.waits_at = None, ()
        self.gave_up = False  # was it told that the time had passed for which it waits for a lock?
        self.missed = ()  # where it has last asked for a lock, if it did not get it
        self.ended = False

    def tells(self):
        """Return a copy of the clock for somebody who will come after this moment."""
        clock = dict(self.clock)
        self.clock[self.number] += 1
        return clock

    def comes_after(self, clock):
        merge(self.clock, clock)

    @property
    def peer(self):
        return witness.peer_of(self.ident)

    @property
    def name(self):
        thread = threading._active.get(self.ident)
        return vars(thread).get("_name", "") if thread else "a thread"  # not thread.name, which the student may have made his own


def me():
    ident = _thread.get_ident()
    return actors.get(ident) or actors.setdefault(ident, Actor())


def signals(thing):
    """Whoever `follows` this thing from now on comes after all that this thread has done."""
    merge(vars(thing).setdefault("_clock", {}), me().tells())


def follows(thing):
    me().comes_after(dict(vars(thing).get("_clock", ())))


def merge(clock, other):
    for number, then in other.items():
        if clock.get(number, 0) < then:
            clock[number] = then


def describe_actor(actor):
    return {"id": actor.ident, "peer": actor.peer, "name": actor.name} if actor else None
