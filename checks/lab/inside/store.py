"""Where the members are kept, and who touches it: every access with its thread, lines and locks.

The hooks of `hooks` come here. Of each container that the student's code touches, and
of each variable that his functions bind anew, the accesses are noted; two of them race
when two threads make them, one at least changes something, no lock is held at both
(lockset: Eraser, Savage et al. 1997), and neither thread could know that the other was
through (happens-before by start, join, queue and event, see `order`). Which of the
containers hold the members is found later, see `finding`.

No lock is held here, and no code of the student's is run on the way: each step on a
table is one that the interpreter does not interrupt, and an access is put down before
the others are looked at, so that of two at the same moment one at least sees the other.
"""

import _thread
import abc
import collections
import functools
import gc
import sys
import types
import weakref

import actors
import holds
import locking
import order
import where
from catching import caught  # noqa: F401  which the student's code calls here, too
from kinds import (
    ASKED, BLOCKING, CHANGING, CONSTANT, CONSUMING, DERIVED, GOING_THROUGH, ITERATOR, LAZILY, LAZY_MODULES, LOOKING, NOTED, NOTHING,
    OF_VARIABLES, PLAIN, PLAIN_ONE, PUTTING, VIEW, VIEWING, WEAK, WRAPPED, WRITING_ARGUMENT, containers_under, is_library, is_theirs, sorts)
from where import places, steps

MISSING = object()
SHARED = 0  # no thread has this number

cells = {}  # id of a container, or (id of an object, attribute), or (module, name) -> Cell
races = {}  # (the variable or container, two places) -> (cell, two accesses, did both threads run then?), in the order in which they were found
of_instances = {}  # (id of a class, name) -> the class, which keeps its id: an attribute of its objects that the class itself has not
kept = {}  # id of an object to which there are no weak references, but which has an attribute that is followed -> the object, which keeps its id
pushed_out = {}  # where something is put into a full deque, which lets go of what is at its other end: (code, instruction) -> None
blind = set()  # reasons why accesses may have gone unseen
KEPT = 4  # accesses of one place, each of another thread
YOUNG = 32  # containers that a thread may have made before we look which of them are gone
OLD_AGE = 3


class Cell:
    """A container or a variable that is followed."""

    __slots__ = "thing", "name", "getter", "history", "home", "owner", "touched", "is_store", "age", "last"

    def __init__(self, thing=None, name="", getter=None):
        self.thing = thing
        self.name, self.getter = name, getter  # of a variable
        self.history = {}  # (changes?, locks, id of the code, instruction) -> {thread: its last access}
        self.home = None  # the variable that holds this container
        self.owner = None  # the number of the only thread that has touched it yet, or SHARED
        self.touched = 0  # when the owner did so last, see actors.ticks
        self.is_store = False
        self.age = 0
        self.last = None  # the last access, to know it again quickly

    def value(self):
        if type(self.thing) is types.CellType:  # the variable of a closure
            return next(iter(gc.get_referents(self.thing)), None)
        return self.getter() if self.getter else self.thing

    def is_held(self):
        """Does anything else hold this container?"""
        return self.getter is not None or sys.getrefcount(self.thing) > 2


Access = collections.namedtuple("Access", "actor number time changes op held stack peer name missed")


# ------------------------------------------------------------------ the hooks

def of(thing, op):
    """The student's code is about to do `op` with this thing."""
    sort = sorts[type(thing)]
    if sort:
        if sort == PLAIN_ONE or sort == DERIVED and not is_theirs(getattr(type(thing), op, None)):
            note(thing, op, sys._getframe(1))
        elif sort == VIEW or sort == ITERATOR and op in CONSUMING:
            go_through(thing, sys._getframe(1), "copy" if op == "__iter__" else op)
    return thing


def walk(thing):
    """The student's code is about to go through this thing, step by step."""
    sort = sorts[type(thing)]
    if sort in (NOTHING, DERIVED) and is_theirs(getattr(type(thing), "__iter__", None)):
        thing = iter(thing)  # as the loop would; what it gives may be a container's own iterator
        sort = sorts[type(thing)]
    if sort:
        bases = containers_under(thing)
        if bases:
            return walking(thing, bases)
    return thing


def walking(thing, bases):
    each, actor, time = iter(thing), None, 0
    while True:
        frame = sys._getframe(1)
        if (actor is None or time != actor.clock[actor.number] or holding is not actor.holding or at != frame.f_lasti
                or code is not frame.f_code or actor.ident != _thread.get_ident() or holds.points or holds.stops):  # else it is the same again
            for base in bases:
                note(base, "walk", frame)
            actor = actors.me()
            time, holding, at, code = actor.clock[actor.number], actor.holding, frame.f_lasti, frame.f_code
        frame = None  # which holds the loop's own names
        try:
            item = next(each)
        except StopIteration:
            return
        yield item


def called(function):
    """The student's code is about to call this: return it, or something that notes what it touches first."""
    kind = type(function)
    if kind is types.FunctionType or kind is type or kind is abc.ABCMeta:
        if function.__name__ in NOTED and is_library(str(function.__module__)):
            return noted(function, function.__name__, function.__module__)
    elif kind in BOUND:
        owner = function.__self__
        sort = sorts[type(owner)]
        name = getattr(function, "__name__", "")
        if PLAIN_ONE <= sort <= VIEW:
            if name in VIEWING and issubclass(type(owner), WEAK) and not is_theirs(function):
                return lambda *args: walking(function(*args), (owner,))
            if name not in LOOKING and not (kind is types.MethodType and is_theirs(function)):
                return touching(function, owner, name)
        elif name in NOTED and not (kind is types.MethodType and is_theirs(function)):
            return noted(function, name, getattr(function, "__module__", None) or type(owner).__module__)
    elif kind in UNBOUND:
        if issubclass(function.__objclass__, PLAIN):
            return touching_first(function)
    elif kind is functools.partial:
        inner = called(function.func)
        if inner is not function.func:
            return functools.partial(inner, *function.args, **function.keywords)
    return function


BOUND = {types.BuiltinMethodType, types.MethodWrapperType, types.MethodType}
UNBOUND = {types.MethodDescriptorType, types.WrapperDescriptorType}


class Method:
    """A container's method that is handed on, to be called later or by somebody else."""

    def __init__(self, function, frame):
        self.function, self.made = function, (frame.f_code, frame.f_lasti)

    def __call__(self, *args, **kwargs):
        return touching(self.function, self.function.__self__, self.function.__name__, self.made)(*args, **kwargs)

    def __getattr__(self, name):
        return getattr(self.function, name)

    def __eq__(self, other):
        return self.function == getattr(other, "function", other)

    def __hash__(self):
        return hash(self.function)

    def __repr__(self):
        return repr(self.function)


def handed_on(function):
    """The student's code has got this by the name of a method, and does not call it here."""
    if (type(function) in BOUND and PLAIN_ONE <= sorts[type(function.__self__)] <= VIEW
            and function.__name__ not in LOOKING and not is_theirs(function)):
        return Method(function, sys._getframe(1))
    return function


def unseen(function):
    """The student's code is about to call exec or eval: what runs there is not hooked."""
    blind.add(f"it runs code of its own making ({function.__name__})")
    return function


def touching(function, owner, name, made=None):
    def call(*args, **kwargs):
        frame = sys._getframe(1)
        if sorts[type(owner)] == VIEW:
            go_through(owner, frame, name)
        else:
            note(owner, name, frame, made)
        if name in GOING_THROUGH:
            for argument in args:
                go_through(argument, frame)
        return function(*args, **kwargs)
    return call


def touching_first(function):
    """For dict.pop(clients, conn) and the like."""
    def call(*args, **kwargs):
        if args and PLAIN_ONE <= sorts[type(args[0])] <= DERIVED and function.__name__ not in LOOKING:
            note(args[0], function.__name__, sys._getframe(1))
        if function.__name__ in GOING_THROUGH:
            for argument in args[1:]:
                go_through(argument, sys._getframe(1))
        return function(*args, **kwargs)
    return call


def noted(function, name, module):
    """A function of the library that goes through what it is given, or may block: one that notes this first."""
    if (module, name) in BLOCKING:
        return may_block(function, name)
    if name in LAZILY and module in LAZY_MODULES:
        return going_through_later(function)
    return going_through(function, name)


def may_block(function, name):
    def call(*args, **kwargs):
        if 0 not in (kwargs.get("timeout"), *args[-1:]):
            locking.blocks(name)
        return function(*args, **kwargs)
    return call


def going_through(function, name):
    def call(*args, **kwargs):
        for argument in args:
            sort = sorts[type(argument)]
            if sort and (sort != DERIVED or not is_theirs(getattr(type(argument), ASKED.get(name, "__iter__"), None))):
                first = argument is args[0] and (name in WRITING_ARGUMENT or name == "len")
                go_through(argument, sys._getframe(1), name if first else "copy")
        return function(*args, **kwargs)
    return call


def going_through_later(function):
    def call(*args, **kwargs):
        for argument in args:
            if sorts[type(argument)] == DERIVED and isinstance(argument, WRAPPED) and not is_theirs(type(argument).__iter__):
                note(argument, "copy", sys._getframe(1))  # whose iterators cannot be seen through
        return function(*args, **kwargs)
    return call


def go_through(thing, frame, op="copy"):
    for base in containers_under(thing):
        note(base, op, frame)


# ------------------------------------------------------------------ variables that are bound anew

def read(value, name, module):
    if sorts[type(value)] in OF_VARIABLES:
        note_variable((module, name), "read", sys._getframe(1), name, functools.partial(global_value, module, name), value)
    return value


def bound(value, name, module):
    if sorts[type(value)] in OF_VARIABLES:
        note_variable((module, name), "bind", sys._getframe(1), name, functools.partial(global_value, module, name), value)
    return value


def read_closed(value, name, here):
    if sorts[type(value)] in OF_VARIABLES and here.__closure__:
        note_closed(here.__closure__[0], "read", sys._getframe(1), name, value)
    return value


def bound_closed(value, name, here):
    if sorts[type(value)] in OF_VARIABLES and here.__closure__:
        note_closed(here.__closure__[0], "bind", sys._getframe(1), name, value)
    return value


def read_attribute(owner, name):
    value = getattr(owner, name)
    if sorts[type(value)] in OF_VARIABLES:
        note_attribute(owner, name, value, "read", sys._getframe(1))
    return value


def bound_attribute(owner, name):
    value = attribute_of(owner, name)
    if sorts[type(value)] in OF_VARIABLES:
        note_attribute(owner, name, value, "bind", sys._getframe(1))


def augmented(owner, name):
    """The student's code is about to do something like owner.name += ..."""
    value = attribute_of(owner, name)
    if PLAIN_ONE <= sorts[type(value)] <= DERIVED:
        note(value, "__iadd__", sys._getframe(1))
    return owner


def attribute_of(owner, name):
    """The value of an attribute, without running the student's code; None when there is none but by running it."""
    if (id(type(owner)), name) in of_instances:
        return own_dict(owner).get(name)
    found = MISSING
    for kind in type(owner).__mro__:
        if name in vars(kind):
            found = vars(kind)[name]
            break
    if found is MISSING and not issubclass(type(owner), type):
        of_instances[id(type(owner)), name] = type(owner)
    if type(found) is types.MemberDescriptorType:
        try:
            return found.__get__(owner)
        except AttributeError:
            return None
    if hasattr(type(found), "__set__"):
        return None
    own = [vars(kind) for kind in owner.__mro__] if issubclass(type(owner), type) else [own_dict(owner)]
    return next((each[name] for each in own if name in each), None)


def own_dict(thing):
    try:
        return object.__getattribute__(thing, "__dict__")
    except AttributeError:
        return {}


def note_attribute(owner, name, value, op, frame):
    if type(owner) is types.ModuleType:
        note_variable((owner.__name__, name), op, frame, name, functools.partial(global_value, owner.__name__, name), value)
        return
    key = (id(owner), name)
    cell = cells.get(key)
    if cell:
        note_value(cell, op, frame, value)
        return
    try:
        alive = weakref.ref(owner, lambda _: cells.pop(key, None))
    except TypeError:  # it has no __weakref__, but __slots__ alone
        kept[id(owner)] = owner
        alive = functools.partial(kept.get, id(owner))
    shown = f"{owner.__name__ if issubclass(type(owner), type) else 'self'}.{name}"
    note_variable(key, op, frame, shown, lambda: attribute_of(alive(), name), value)


def global_value(module, name):
    return own_dict(sys.modules.get(module)).get(name)


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
        inside.home = cell
        if inside.owner != SHARED:
            own(inside, actors.me(), SHARED)
    enter(cell, op, op == "bind", frame)


# ------------------------------------------------------------------ accesses and races

def note(container, op, frame, made=None):
    """This thread is about to do `op` with the container; made: where the method was handed on that does it."""
    cell, changes, actor = cells.get(id(container)) or follow(container), op in CHANGING, actors.me()
    if type(container) is collections.deque and len(container) == container.maxlen and op in PUTTING:
        pushed_out.setdefault((frame.f_code, frame.f_lasti))
    last, code, at = cell.last, frame.f_code, frame.f_lasti
    if (last and last[0] is code and last[1] == at and last[2] is actor and last[3] is actor.holding
            and last[4] == actor.clock[actor.number] and last[5] == changes and not holds.points and not holds.stops):
        return  # the same again
    enter(cell, op, changes, frame, made)
    cell.last = code, at, actor, actor.holding, actor.clock[actor.number], changes


def enter(cell, op, changes, frame, made=None):
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
    access = mine[number] = Access(actor, number, clock[number], changes, op, tuple(actor.held), steps(frame) or [made], actor.peer, actor.name, actor.missed)
    if len(mine) > KEPT:
        mine.pop(list(mine)[0], None)
    for (other_changes, other_holding, *_), others in list(cell.history.items()):
        if (changes or other_changes) and holding.isdisjoint(other_holding):
            unordered = [other for other in list(others.values()) if other.number != number and clock.get(other.number, 0) < other.time]
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
