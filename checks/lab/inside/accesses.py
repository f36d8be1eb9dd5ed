"""Who has touched which container and which variable: every access with its thread, lines and locks.

Two accesses race when two threads make them, one at least changes something, no lock is
held at both (lockset: Eraser, Savage et al. 1997), and neither thread could know that
the other was through (happens-before by start, join, queue and event, see `order`).
Which of the containers hold the members is found later, see `finding`.

No lock is held here, and no code of the student's is run on the way: each step on a
table is one that the interpreter does not interrupt, and an access is put down before
the others are looked at, so that of two at the same moment one at least sees the other.
"""

import gc
import sys
import types
from collections import deque, namedtuple

import actors
import holds
import order
import where
from kinds import CHANGING, CONSTANT, PUTTING, sorts
from where import places, steps

SHARED = 0  # no thread has this number

cells = {}  # id of a container, or (id of an object, attribute), or (module, name) -> Cell
races = {}  # (the variable or container, two places) -> (cell, two accesses, did both threads run then?), in the order in which they were found
kept = {}  # id of an object to which there are no weak references, but which has an attribute that is followed -> the object, which keeps its id
pushed_out = {}  # where something is put into a full deque, which lets go of what is at its other end: (code, instruction) -> None
gone = deque(maxlen=8)  # what was done with containers of members that nobody holds any more: their histories
KEPT = 4  # accesses of one place, each of another thread
YOUNG = 32  # containers that a thread may have made before we look which of them are gone
OLD_AGE = 3


class Cell:
    """A container or a variable that is followed."""

    __slots__ = "thing", "name", "getter", "history", "home", "inside", "owner", "touched", "is_store", "age", "last"

    def __init__(self, thing=None, name="", getter=None):
        self.thing = thing
        self.name, self.getter = name, getter  # of a variable
        self.history = {}  # (changes?, locks, id of the code, instruction) -> {thread: its last access}
        self.home = None  # the variable that holds this container
        self.inside = None  # the container that this variable was seen to hold last
        self.owner = None  # the number of the only thread that has touched it yet, or SHARED
        self.touched = 0  # when the owner did so last, see actors.ticks
        self.is_store = False
        self.age = 0
        self.last = None  # the last access, to know it again quickly

    def value(self):
        if type(self.thing) is types.CellType:  # the variable of a closure
            return next(iter(gc.get_referents(self.thing)), None)
        return self.getter() if self.getter else self.thing

    def matters(self):
        """Does it hold members, or something of theirs?"""
        return self.is_store or self.home is not None and self.home.is_store

    def is_held(self):
        """Does anything else hold this container?"""
        return self.getter is not None or sys.getrefcount(self.thing) > 2


Access = namedtuple("Access", "actor number time changes op held stack peer name missed entry")


def note(container, op, frame, made=None, entry=None):
    """This thread is about to do `op` with the container, or with this entry alone; made: where the method was handed on that does it."""
    cell, actor = cells.get(id(container)) or follow(container), actors.me()
    if type(container) is deque and len(container) == container.maxlen and op in PUTTING:
        pushed_out.setdefault((frame.f_code, frame.f_lasti))
    access = id(frame.f_code), frame.f_lasti, op in CHANGING, actor, actor.clock[actor.number], actor.sections, actor.holding
    if access != cell.last or holds.points or holds.stops:  # else it is the same again
        enter(cell, op, access[2], frame, made, entry)
        cell.last = access


def note_variable(key, op, frame, name, getter, value):
    cell = cells.get(key) or cells.setdefault(key, Cell(name=name, getter=getter))
    note_value(cell, op, frame, value)


def note_closed(variable, op, frame, name, value):
    cell = cells.get(id(variable)) or follow(variable, name)
    note_value(cell, op, frame, value)


def note_value(cell, op, frame, value):
    cell.owner = SHARED
    if sorts[type(value)] != CONSTANT:
        inside = cells.get(id(value)) or follow(value)
        if op == "bind" and cell.inside not in (None, inside):
            let_go_by(actors.me(), cell.inside)
        inside.home, cell.inside = cell, inside
        if inside.owner != SHARED:
            own(inside, actors.me(), SHARED)
    enter(cell, op, op == "bind", frame)


def let_go_by(actor, cell):
    """This thread has bound something else to the container's variable: those who come by way of its locks find the container no more, and what they have done is over."""
    for key in list(cell.history):
        if not actor.holding.isdisjoint(key[1]):
            cell.history.pop(key, None)


def enter(cell, op, changes, frame, made=None, entry=None):
    while frame is not None and not where.is_theirs(frame.f_code):
        frame = frame.f_back
    if frame is None and made is None:
        return
    actor = actors.me()
    if frame and (holds.points or holds.stops):
        holds.at_access(op, frame, len(actor.held))
    number, clock, holding = actor.number, actor.clock, actor.holding
    code, at = (frame.f_code, frame.f_lasti) if frame else made
    key = (changes, holding, id(code), at)
    if cell.owner != SHARED:
        if cell.owner != number:
            own(cell, actor, SHARED if cell.owner else number)
        cell.touched = next(actors.ticks)
    mine = cell.history.get(key) or cell.history.setdefault(key, {})
    before = mine.get(number)
    if before is not None and before.time == clock[number]:
        return  # the same again: whoever came in between has met the first
    mine.pop(number, None)
    access = mine[number] = Access(actor, number, clock[number], changes, op, tuple(actor.held), steps(frame) or [made], actor.peer, actor.name, actor.missed, entry)
    if len(mine) > KEPT:
        mine.pop(list(mine)[0], None)
    for (other_changes, other_holding, *_), others in list(cell.history.items()):
        if (changes or other_changes) and holding.isdisjoint(other_holding):
            unordered = [other for other in list(others.values()) if other.number != number and clock.get(other.number, 0) < other.time
                         and (entry is None or other.entry in (None, entry))]
            if unordered:
                other = min(unordered, key=lambda one: one.actor.ended)
                pair = frozenset((places(one.stack, 1)[0], not one.held) for one in (access, other))
                races.setdefault((id(cell.home or cell), pair), (cell, (other, access), not other.actor.ended))


def own(cell, actor, owner):
    """The container passes to this owner, by this thread's touching or binding it.

    What its first owner has done with it alone was its making, if it has been handed
    over since: bound to a variable, or by way of a lock that the one has released
    and the other has taken (cf. the exclusive state of Eraser).
    """
    if cell.owner is not None and (cell.owner == actor.number or actor.heard.get(cell.owner, 0) > cell.touched):
        cell.history.clear()
    cell.owner = owner


# ------------------------------------------------------------------ holding on and letting go

def follow(thing, name=""):
    """A new cell for this container, or variable of a closure. It holds the thing: no other one may come to have its id."""
    cell = cells.setdefault(id(thing), Cell(thing, name))
    young = actors.me().young
    young.append(cell)
    if len(young) > YOUNG:
        let_go()
    return cell


def let_go():
    """Let go of what this thread has made and nobody holds any more; it may be the last that holds a connection."""
    young = actors.me().young
    dead = [cell for cell in young if not cell.is_held()]
    young[:] = [cell for cell in young if cell not in dead and cell.age < OLD_AGE]
    for cell in young:
        cell.age += 1
    drop(dead)
    drop_kept()


def sweep():
    """Let go of all containers that nobody else holds any more."""
    drop([cell for cell in list(cells.values()) if not cell.is_held()])
    drop_kept()


def drop(dead):
    for cell in dead:
        if cell.matters():
            gone.append(cell.history)
        if cells.get(id(cell.thing)) is cell:
            cells.pop(id(cell.thing), None)  # another thread may be at it, too
        cell.thing = None  # which may run the student's __del__; a race that it was in is remembered


def drop_kept():
    """Let go of the objects that only `kept` holds; of these there are few."""
    for number in list(kept):
        if sys.getrefcount(kept.get(number)) <= 2:
            for key in [key for key in list(cells) if type(key) is tuple and key[0] == number]:
                cells.pop(key, None)
            kept.pop(number, None)


order.at_thread_end.append(sweep)
