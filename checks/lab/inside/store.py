"""Where the members are kept, and who touches it: every access with its thread, lines and locks.

The hooks of `hooks` come here. Of each container that the student's code touches, and
of each variable that his functions bind anew, the accesses are noted; two of them race
when two threads make them, one at least changes something, no lock is held at both
(lockset: Eraser, Savage et al. 1997), and neither thread could know that the other was
through (happens-before by start, join, queue and event, see `locks`). Which of the
containers hold the members is found by what is in them.
"""

import collections
import functools
import gc
import socket
import sys
import threading
import types
import weakref

import locks
import witness

PLAIN = (dict, list, set, collections.deque)
WRAPPED = (weakref.WeakSet, weakref.WeakKeyDictionary, weakref.WeakValueDictionary,
           collections.UserDict, collections.UserList)
CONTAINERS = PLAIN + WRAPPED
VALUES = CONTAINERS + (tuple, frozenset, types.MappingProxyType)  # what a variable may hold the members in
VIEWS = tuple(map(type, ({}.keys(), {}.values(), {}.items())))
LAZY = VIEWS + (enumerate, zip, map, filter, reversed, *(type(iter(each)) for each in (
    [], {}, {}.values(), {}.items(), set(), collections.deque(), ())), type(reversed([])), type(reversed({})))

WRITING = {"__setitem__", "__delitem__", "__iadd__", "__ior__", "__isub__", "__iand__", "__ixor__", "__init__",
           "pop", "popitem", "update", "setdefault", "clear", "append", "extend", "insert", "remove", "sort", "reverse",
           "add", "discard", "difference_update", "intersection_update", "symmetric_difference_update",
           "appendleft", "popleft", "extendleft", "rotate", "move_to_end", "subtract"}
LOOKING = {"keys", "values", "items", "__class__", "__sizeof__"}  # a view reads nothing before it is walked
GOING_THROUGH = {"list", "tuple", "set", "frozenset", "dict", "sorted", "min", "max", "sum", "any", "all", "len", "repr", "str",
                 "print", "bool", "next", "copy", "deepcopy", "dumps", "dump", "choice", "choices", "sample", "join", "extend",
                 "update", "deque", "Counter", "OrderedDict", "defaultdict", "fromkeys", "reduce", "select", "union",
                 "difference", "intersection", "symmetric_difference", "difference_update", "intersection_update",
                 "issubset", "issuperset", "isdisjoint", "map", "pformat", "pprint", "WeakSet", "chain", "from_iterable",
                 "countOf", "contains", "setitem", "delitem", "heappush", "heappop", "heapify", "shuffle", "insort", "format"}
WRITING_ARGUMENT = {"setitem", "delitem", "heappush", "heappop", "heapify", "shuffle", "insort"}

BLOCKING = {("concurrent.futures._base", "result"), ("concurrent.futures._base", "exception"), ("concurrent.futures._base", "wait"),
            ("threading", "wait"), ("select", "select"), ("select", "poll"), ("selectors", "select"),
            ("subprocess", "run"), ("subprocess", "wait"), ("subprocess", "call"), ("builtins", "input")}

table = threading.RLock()  # guards what stands below; reentrant, for a __del__ may run at any moment
cells = {}  # id of a container, or (id of an object, attribute), or (module, name) -> Cell
races = {}  # (two places) -> Race, in the order in which they were found
known = {}  # nick -> port, of those of whom the checker has said that they are members
blind = set()  # reasons why accesses may have gone unseen
size_to_sweep = 64


class Cell:
    """A container or a variable that is followed."""

    def __init__(self, thing, name=""):
        self.thing = thing
        self.name = name
        self.history = {}  # (changes?, locks, code, line) -> the last accesses of different threads
        self.home = None  # the variable that holds this container
        self.is_store = False

    def value(self):
        return self.thing() if callable(self.thing) else self.thing


Access = collections.namedtuple("Access", "actor number time changes op held stack peer name")


# ------------------------------------------------------------------ the hooks

def of(thing, op):
    """The student's code is about to do `op` with this thing."""
    kind = type(thing)
    if kind in PLAIN or isinstance(thing, CONTAINERS) and not is_theirs(getattr(kind, op, None)):
        note(thing, op, sys._getframe(1))
    elif kind in LAZY and op == "__iter__":
        go_through(thing, sys._getframe(1))
    return thing


def walk(thing):
    """The student's code is about to go through this thing, step by step."""
    kind = type(thing)
    if kind in PLAIN or kind in LAZY or isinstance(thing, CONTAINERS) and not is_theirs(kind.__iter__):
        bases = containers_under(thing)
        if bases:
            return walking(thing, bases)
    return thing


def walking(thing, bases):
    steps = iter(thing)
    while True:
        for base in bases:
            note(base, "walk", sys._getframe(0))
        try:
            item = next(steps)
        except StopIteration:
            return
        yield item


def called(function):
    """The student's code is about to call this: return it, or something that notes what it touches first."""
    kind = type(function)
    if getattr(kind, "__module__", None) == "builtins" and (getattr(function, "__module__", None), function.__name__ if hasattr(function, "__name__") else "") in BLOCKING:
        return may_block(function, function.__name__)
    if kind is types.FunctionType or kind is type:
        if function.__name__ in GOING_THROUGH and function.__module__ != "__main__" and not is_theirs(function):
            return going_through(function, function.__name__)
    elif kind in (types.BuiltinMethodType, types.MethodWrapperType, types.MethodType):
        owner, name = function.__self__, function.__name__
        if isinstance(owner, CONTAINERS) and not is_theirs(function):
            return touching(function, owner, name)
        if name in GOING_THROUGH and not is_theirs(function):
            return going_through(function, name)
    elif kind is types.MethodDescriptorType or kind is types.WrapperDescriptorType:
        if issubclass(function.__objclass__, PLAIN):
            return lambda thing, *args, **kwargs: called(getattr(super_of(thing, function), function.__name__))(*args, **kwargs)
    elif kind is functools.partial:
        inner = called(function.func)
        if inner is not function.func:
            return functools.partial(inner, *function.args, **function.keywords)
    return function


def unseen(function):
    """The student's code is about to call exec or eval: what runs there is not hooked."""
    blind.add(f"it runs code of its own making ({function.__name__})")
    return function


def super_of(thing, descriptor):
    """The thing as `descriptor`'s class sees it."""
    return thing if type(thing) is descriptor.__objclass__ else super(next(
        kind for kind, after in zip(type(thing).__mro__, type(thing).__mro__[1:]) if after is descriptor.__objclass__), thing)


def touching(function, owner, name):
    if name in LOOKING:
        return function

    def call(*args, **kwargs):
        frame = sys._getframe(1)
        note(owner, name, frame)
        if name in GOING_THROUGH:
            for argument in args:
                go_through(argument, frame)
        return function(*args, **kwargs)
    return call


def going_through(function, name):
    def call(*args, **kwargs):
        frame = sys._getframe(1)
        for number, argument in enumerate(args):
            go_through(argument, frame, name if number == 0 and (name in WRITING_ARGUMENT or name == "len") else "copy")
        return function(*args, **kwargs)
    return call


def may_block(function, name):
    def call(*args, **kwargs):
        if 0 not in (kwargs.get("timeout"), *args[-1:]):
            locks.blocks(name)
        return function(*args, **kwargs)
    return call


def go_through(thing, frame, op="copy"):
    for base in containers_under(thing):
        note(base, op, frame)


def containers_under(thing, depth=4):
    """The containers that going through this thing goes through: itself, or what a view or an iterator has behind it."""
    if isinstance(thing, CONTAINERS):
        return [thing]
    if depth and type(thing) in LAZY:
        return [each for part in gc.get_referents(thing) for each in containers_under(part, depth - 1)]
    return []


def is_theirs(function):
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    return code is not None and code.co_filename.startswith(witness.folder)


# ------------------------------------------------------------------ variables that are bound anew

def read(value, name, module):
    if isinstance(value, VALUES):
        note_variable((module, name), "read", sys._getframe(1), name, functools.partial(global_value, module, name), value)
    return value


def bound(value, name, module):
    if isinstance(value, VALUES):
        note_variable((module, name), "bind", sys._getframe(1), name, functools.partial(global_value, module, name), value)


def read_attribute(owner, name):
    value = getattr(owner, name)
    if isinstance(value, VALUES):
        note_attribute(owner, name, value, "read", sys._getframe(1))
    return value


def bound_attribute(owner, name):
    value = getattr(owner, name, None)
    if isinstance(value, VALUES):
        note_attribute(owner, name, value, "bind", sys._getframe(1))


def note_attribute(owner, name, value, op, frame):
    if isinstance(owner, types.ModuleType):
        note_variable((owner.__name__, name), op, frame, name, functools.partial(global_value, owner.__name__, name), value)
        return
    key = (id(owner), name)
    try:
        alive = weakref.ref(owner, lambda _: cells.pop(key, None))
    except TypeError:
        return  # it has neither a __weakref__ nor, then, many attributes
    shown = f"{owner.__name__ if isinstance(owner, type) else 'self'}.{name}"
    note_variable(key, op, frame, shown, lambda: getattr(alive(), name, None), value)


def global_value(module, name):
    return getattr(sys.modules.get(module), name, None)


def note_variable(key, op, frame, name, getter, value):
    with table:
        cell = cells.get(key)
        if cell is None:
            cell = cells[key] = Cell(getter, name)
        if isinstance(value, CONTAINERS):
            inner = cells.get(id(value))
            if inner is None:
                inner = cells[id(value)] = Cell(value)
            inner.home = cell
    enter(cell, op, op == "bind", frame)


# ------------------------------------------------------------------ accesses and races

def note(container, op, frame):
    """This thread is about to do `op` with the container."""
    with table:
        cell = cells.get(id(container))
        if cell is None:
            cell = cells[id(container)] = Cell(container)
            if len(cells) > size_to_sweep:
                sweep()
    enter(cell, op, op in WRITING or op in WRITING_ARGUMENT, frame)


def enter(cell, op, changes, frame):
    actor = locks.me()
    while frame is not None and not frame.f_code.co_filename.startswith(witness.folder):
        frame = frame.f_back
    if frame is None:
        return
    if witness.points:
        witness.at_point()
    held = tuple(actor.held)
    holding = frozenset(id(lock) for lock, _ in held)
    key = (changes, holding, frame.f_code, frame.f_lineno)
    with table:
        mine = cell.history.setdefault(key, collections.deque(maxlen=4))
        if mine and mine[-1].number == actor.number:
            mine.pop()
        access = Access(actor, actor.number, actor.clock[actor.number], changes, op, held, witness.steps(frame), actor.peer, actor.name)
        mine.append(access)
        for (other_changes, other_holding, code, line), others in cell.history.items():
            if not (changes or other_changes) or holding & other_holding:
                continue
            places = frozenset(((frame.f_code, frame.f_lineno, holding == frozenset()), (code, line, other_holding == frozenset())))
            if (id(cell.home or cell), places) in races:
                continue
            for other in others:
                if other.number != actor.number and actor.clock.get(other.number, 0) < other.time:
                    races[id(cell.home or cell), places] = cell, other, access
                    break


def sweep():
    """Let go of the containers that nobody else holds any more."""
    global size_to_sweep
    with table:
        for key, cell in list(cells.items()):
            if type(key) is int and not cell.is_store and sys.getrefcount(cell.thing) <= 2:
                del cells[key]
        size_to_sweep = 2 * len(cells) + 64


locks.at_thread_end.append(sweep)


# ------------------------------------------------------------------ which of them hold the members

def find_members(*members):
    """Mark the containers and variables that hold several members, each in an entry of its own; return the names of all that are marked.

    members: NICK:PORT of some who have just joined; those named before are looked for, too.
    """
    known.update(one.rsplit(":", 1) for one in members)
    sweep()
    with table:
        for cell in list(cells.values()):
            if not cell.is_store and len(entries_of(cell.value(), known)) >= 2:
                cell.is_store = True
    return stores()


def without(*members):
    """Unmark those that hold one of these, who has left or never joined, unless all do; return the names of those that are left."""
    wanted = dict(one.rsplit(":", 1) for one in members)
    with table:
        marked = [cell for cell in cells.values() if cell.is_store]
        kept = [cell for cell in marked if not entries_of(cell.value(), wanted)]
        for cell in marked if kept else ():
            cell.is_store = cell in kept
    return stores()


def stores():
    return [name_of(cell) for cell in cells.values() if cell.is_store]


def entries_of(container, wanted):
    """The members of whom the container has an entry: one that leads to this member, and to nobody else as directly."""
    found = set()
    for entry in entries(container):
        nearest = members_near(entry, wanted)
        if len(nearest) == 1:
            found |= nearest
    return found


def entries(container):
    try:
        if isinstance(container, (dict, collections.UserDict, weakref.WeakKeyDictionary, weakref.WeakValueDictionary, types.MappingProxyType)):
            return [(key, value) for key, value in list(container.items())]
        if isinstance(container, VALUES):
            return [(entry,) for entry in list(container)]
    except RuntimeError:  # it is just being changed
        pass
    return []


def members_near(entry, wanted, depth=4):
    """Who is named in, or connected to, the nearest of what can be reached from this entry."""
    level = list(entry)
    for _ in range(depth):
        found = {nick for thing in level for nick in named_by(thing, wanted)}
        if found:
            return found
        level = [part for thing in level for part in parts(thing)][:300]
    return set()


def named_by(thing, wanted):
    if isinstance(thing, str):
        return [thing] if thing in wanted else []
    if isinstance(thing, socket.socket):
        thing = thing.fileno()
    if type(thing) is int:
        conn = witness.connections.get(thing)
        port = str(conn.peer if conn else thing)
        return [nick for nick, known in wanted.items() if known == port]
    return []


def parts(thing):
    if isinstance(thing, dict):
        return () if "type" in thing else [*thing, *thing.values()]  # a message is no member
    if isinstance(thing, (list, tuple, set, frozenset, collections.deque)):
        return list(thing)
    if isinstance(thing, (weakref.ref,)):
        return [thing()]
    if isinstance(thing, (types.MethodType, types.BuiltinMethodType)):
        return [thing.__self__]
    if isinstance(thing, (type, types.ModuleType, types.FunctionType, type(None), bool, bytes, float)):
        return ()
    slots = [getattr(thing, name, None) for kind in type(thing).__mro__ for name in (
        [kind.__slots__] if isinstance(getattr(kind, "__slots__", ()), str) else getattr(kind, "__slots__", ()))]
    return [*getattr(thing, "__dict__", {}).values(), *slots]


def name_of(cell):
    """What the students' code calls it, if a variable holds it."""
    if cell.name or cell.home:
        return cell.name or cell.home.name
    for owner in gc.get_referrers(cell.thing):
        if owner is cell or owner is vars(cell):
            continue
        names = owner if type(owner) is dict else getattr(owner, "__dict__", {})
        for name, value in list(names.items()):
            if value is cell.thing and isinstance(name, str):
                is_module = any(vars(module) is names for module in list(sys.modules.values()) if hasattr(module, "__dict__"))
                return name if is_module or type(owner) is dict and "__name__" in names else f"self.{name}"
    return ""


def matters(cell):
    return cell.is_store or cell.home is not None and cell.home.is_store


# ------------------------------------------------------------------ what is told

def report():
    """What was seen of the members' stores: their names, races, the locks that guard them, and what may have gone unseen."""
    with table:
        found = [(cell, pair) for cell, *pair in races.values() if matters(cell)]
        guards = {id(lock) for lock in guards_now()}
        return {"stores": stores(), "blind": sorted(blind),
                "races": [{"store": name_of(cell), "accesses": [describe(access) for access in pair]} for cell, pair in found],
                "opposite": locks.opposite_orders(),
                "guards": [locks.describe_lock(lock, lock.since) for lock in guards_now()],
                "under_lock": [{"call": call, "places": witness.places(stack), "lock": locks.describe_lock(lock, since),
                                "thread": actor.number, "name": actor.name, "peer": actor.peer}
                               for lock, call, stack, since, actor in list(locks.under_lock.values()) if id(lock) in guards]}


def guards_now():
    """The locks that the most accesses to the members hold."""
    counts = collections.Counter()
    kept = {}
    for cell in cells.values():
        if matters(cell):
            for (changes, *_), accesses in cell.history.items():
                for lock, _ in {id(lock): (lock, since) for access in accesses for lock, since in access.held}.values():
                    counts[id(lock)] += 1
                    kept[id(lock)] = lock
    most = max(counts.values(), default=0)
    return [kept[key] for key, count in counts.items() if count == most]


def describe(access):
    return {"op": access.op, "changes": access.changes, "thread": access.number, "name": access.name, "peer": access.peer,
            "places": witness.places(access.stack),
            "locks": [locks.describe_lock(lock, since) for lock, since in access.held]}
