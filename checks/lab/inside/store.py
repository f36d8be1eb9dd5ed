"""Where the members are kept, and who touches it: every access with its thread, lines and locks.

The hooks of `hooks` come here. Of each container that the student's code touches, and
of each variable that his functions bind anew, the accesses are noted; two of them race
when two threads make them, one at least changes something, no lock is held at both
(lockset: Eraser, Savage et al. 1997), and neither thread could know that the other was
through (happens-before by start, join, queue and event, see `locks`). Which of the
containers hold the members is found by what is in them.

No lock is held here, and no code of the student's is run on the way: each step on a
table is one that the interpreter does not interrupt, and an access is put down before
the others are looked at, so that of two at the same moment one at least sees the other.
"""

import _thread
import abc
import collections.abc
import functools
import gc
import itertools
import socket
import sys
import types
import weakref

import holds
import locks
import order
import witness

PLAIN = (dict, list, set, collections.deque)
WRAPPED = (weakref.WeakSet, weakref.WeakKeyDictionary, weakref.WeakValueDictionary,
           collections.UserDict, collections.UserList)
CONTAINERS = PLAIN + WRAPPED
VALUES = CONTAINERS + (tuple, frozenset, types.MappingProxyType)  # what a variable may hold the members in
VIEWS = (*map(type, ({}.keys(), {}.values(), {}.items())), collections.abc.MappingView)
LAZY = (enumerate, zip, map, filter, reversed, itertools.chain, itertools.islice, *(
    type(way(each)) for each in ([], {}, {}.values(), {}.items(), collections.deque(), collections.OrderedDict()) for way in (iter, reversed)),
    type(iter(set())), type(iter(())))

WRITING = {"__setitem__", "__delitem__", "__iadd__", "__ior__", "__isub__", "__iand__", "__ixor__", "__init__",
           "pop", "popitem", "update", "setdefault", "clear", "append", "extend", "insert", "remove", "sort", "reverse",
           "add", "discard", "difference_update", "intersection_update", "symmetric_difference_update",
           "appendleft", "popleft", "extendleft", "rotate", "move_to_end", "subtract"}
CONSUMING = {"__iter__", "__contains__"}  # what takes from an iterator
LOOKING = {"keys", "values", "items", "__class__", "__sizeof__"}  # a view reads nothing before it is walked
GOING_THROUGH = {"list", "tuple", "set", "frozenset", "dict", "sorted", "min", "max", "sum", "any", "all", "len", "repr", "str",
                 "print", "bool", "next", "copy", "deepcopy", "dumps", "dump", "choice", "choices", "sample", "join", "extend",
                 "update", "deque", "Counter", "OrderedDict", "defaultdict", "fromkeys", "reduce", "select", "union",
                 "difference", "intersection", "symmetric_difference", "difference_update", "intersection_update",
                 "issubset", "issuperset", "isdisjoint", "pformat", "pprint", "WeakSet", "UserDict", "UserList", "from_iterable",
                 "countOf", "getitem", "contains", "setitem", "delitem", "heappush", "heappop", "heapify", "shuffle", "insort", "format"}
WRITING_ARGUMENT = {"setitem", "delitem", "heappush", "heappop", "heapify", "shuffle", "insort"}

ASKED = {"len": "__len__", "bool": "__len__", "repr": "__repr__", "str": "__repr__", "print": "__repr__", "format": "__repr__"}
LAZILY = {"map", "filter", "zip", "enumerate", "reversed", "chain", "islice", "iter"}  # what these make touches nothing before it is gone through

BLOCKING = {("concurrent.futures._base", "result"), ("concurrent.futures._base", "exception"), ("concurrent.futures._base", "wait"),
            ("threading", "wait"), ("select", "select"), ("select", "poll"), ("selectors", "select"),
            ("subprocess", "run"), ("subprocess", "wait"), ("subprocess", "call"), ("builtins", "input")}
NOTED = GOING_THROUGH | LAZILY | {name for _, name in BLOCKING}
CHANGING = WRITING | WRITING_ARGUMENT
LAZY_MODULES = {"builtins", "itertools"}
MISSING = object()
SHARED = 0  # no thread has this number

cells = {}  # id of a container, or (id of an object, attribute), or (module, name) -> Cell
races = {}  # (the variable or container, two places) -> (cell, access, access), in the order in which they were found
of_instances = {}  # (id of a class, name) -> the class, which keeps its id: an attribute of its objects that the class itself has not
known = {}  # nick -> port, of those of whom the checker has said that they are members
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
        self.touched = 0  # when the owner did so last, see locks.ticks
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


class Sorts(dict):
    """type -> what it is to us. The type is asked, for isinstance() asks the object, too, which may run the student's code."""

    def __missing__(self, kind):
        bases = {id(base) for base in kind.__mro__}  # not compared: a metaclass may have its own idea of that
        self[kind] = sort = (
            PLAIN_ONE if id(kind) in map(id, PLAIN) else DERIVED if bases.intersection(map(id, CONTAINERS)) else
            VIEW if bases.intersection(map(id, VIEWS)) else ITERATOR if id(kind) in map(id, LAZY) else
            CONSTANT if bases.intersection(map(id, VALUES)) else NOTHING)
        return sort


NOTHING, PLAIN_ONE, DERIVED, VIEW, ITERATOR, CONSTANT = range(6)
sorts = Sorts()
Access = collections.namedtuple("Access", "actor number time changes op held stack peer name")


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
    steps, actor, time = iter(thing), None, 0
    while True:
        frame = sys._getframe(1)
        if (actor is None or time != actor.clock[actor.number] or holding is not actor.holding or at != frame.f_lasti
                or code is not frame.f_code or actor.ident != _thread.get_ident() or holds.points or holds.stops):  # else it is the same again
            for base in bases:
                note(base, "walk", frame)
            actor = locks.me()
            time, holding, at, code = actor.clock[actor.number], actor.holding, frame.f_lasti, frame.f_code
        frame = None  # which holds the loop's own names
        try:
            item = next(steps)
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
            locks.blocks(name)
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


def containers_under(thing, depth=4):
    """The containers that going through this thing goes through: itself, or what a view or an iterator has behind it."""
    sort = sorts[type(thing)]
    if sort == PLAIN_ONE or sort == DERIVED:
        return (thing,)
    if depth and (sort == VIEW or sort == ITERATOR):
        return [each for part in gc.get_referents(thing) for each in (
            inside_tuple(thing, part, depth) if type(part) is tuple else containers_under(part, depth - 1))]
    return ()


def inside_tuple(thing, part, depth):
    """What zip, map and chain have in a tuple; others have their last item in one."""
    kinds = {zip: (VIEW, ITERATOR), map: (VIEW, ITERATOR), itertools.chain: (), type(iter(())): (PLAIN_ONE, DERIVED, VIEW, ITERATOR)}.get(type(thing), ())
    return [each for one in part if sorts[type(one)] in kinds for each in containers_under(one, depth - 1)]


def is_theirs(function):
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    return code is not None and code.co_filename.startswith(witness.folder)


@functools.cache
def is_library(module):
    return module.partition(".")[0] in sys.stdlib_module_names and module != "__main__"


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


OF_VARIABLES = {PLAIN_ONE, DERIVED, CONSTANT}


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
    except TypeError:
        return  # it has neither a __weakref__ nor, then, many attributes
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
            own(inside, locks.me(), SHARED)
    enter(cell, op, op == "bind", frame)


# ------------------------------------------------------------------ accesses and races

def note(container, op, frame, made=None):
    """This thread is about to do `op` with the container; made: where the method was handed on that does it."""
    cell, changes, actor = cells.get(id(container)) or follow(container), op in CHANGING, locks.me()
    last, code, at = cell.last, frame.f_code, frame.f_lasti
    if (last and last[0] is code and last[1] == at and last[2] is actor and last[3] is actor.holding
            and last[4] == actor.clock[actor.number] and last[5] == changes and not holds.points and not holds.stops):
        return  # the same again
    enter(cell, op, changes, frame, made)
    cell.last = code, at, actor, actor.holding, actor.clock[actor.number], changes


def enter(cell, op, changes, frame, made=None):
    folder = witness.folder
    while frame is not None and not frame.f_code.co_filename.startswith(folder):
        frame = frame.f_back
    if frame is None and made is None:
        return
    actor = locks.me()
    if frame and (holds.points or holds.stops):
        holds.at_access(op, frame)
    number, clock, holding = actor.number, actor.clock, actor.holding
    code, at = (frame.f_code, frame.f_lasti) if frame else made
    key = (changes, holding, id(code), at)
    if cell.owner != SHARED:
        if cell.owner != number:
            own(cell, actor, SHARED if cell.owner else number)
        cell.touched = next(locks.ticks)
    mine = cell.history.get(key) or cell.history.setdefault(key, {})
    before = mine.get(number)
    if before is not None and before.time == clock[number]:
        return  # the same again: whoever came in between has met the first
    mine.pop(number, None)
    access = mine[number] = Access(actor, number, clock[number], changes, op, tuple(actor.held), witness.steps(frame) or [made], actor.peer, actor.name)
    if len(mine) > KEPT:
        mine.pop(list(mine)[0], None)
    for (other_changes, other_holding, *_), others in list(cell.history.items()):
        if (changes or other_changes) and holding.isdisjoint(other_holding):
            for other in list(others.values()):
                if other.number != number and clock.get(other.number, 0) < other.time:
                    places = frozenset((witness.places(one.stack, 1)[0], not one.held) for one in (access, other))
                    races.setdefault((id(cell.home or cell), places), (cell, other, access))
                    break


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
    young = locks.me().young
    young.append(cell)
    if len(young) > YOUNG:
        let_go()
    return cell


def let_go():
    """Let go of what this thread has made and nobody holds any more; it may be the last that holds a connection."""
    young = locks.me().young
    dead = [cell for cell in young if not cell.is_held()]
    young[:] = [cell for cell in young if cell not in dead and cell.age < OLD_AGE]
    for cell in young:
        cell.age += 1
    drop(dead)


def sweep():
    """Let go of all containers that nobody else holds any more."""
    let_go()
    drop([cell for cell in list(cells.values()) if not cell.is_held()])


def drop(dead):
    for cell in dead:
        if cells.get(id(cell.thing)) is cell:
            cells.pop(id(cell.thing), None)  # another thread may be at it, too
        cell.thing = None  # which may run the student's __del__; a race that it was in is remembered


order.at_thread_end.append(sweep)


# ------------------------------------------------------------------ which of them hold the members

def find_members(*members):
    """Mark the containers and variables that hold several members, each in an entry of its own; return the names of all that are marked.

    members: NICK:PORT of some who have just joined; those named before are looked for, too.
    """
    known.update(one.rsplit(":", 1) for one in members)
    for cell in list(cells.values()):
        if not cell.is_store and cell.is_held() and len(entries_of(cell.value(), known)) >= 2:
            cell.is_store = True
    return stores()


def without(*members):
    """Unmark those that hold one of these, who has left or never joined, unless all do; return the names of those that are left."""
    wanted = dict(one.rsplit(":", 1) for one in members)
    marked = [cell for cell in list(cells.values()) if cell.is_store]
    kept = [cell for cell in marked if not entries_of(cell.value(), wanted)]
    for cell in marked if kept else ():
        cell.is_store = cell in kept
    return stores()


def is_in(member):
    """Does what is marked hold this member, NICK:PORT? None if nothing is marked."""
    wanted = [member.rsplit(":", 1)]
    marked = [cell for cell in list(cells.values()) if cell.is_store]
    return any(entries_of(cell.value(), dict(wanted)) for cell in marked) if marked else None


def stores():
    return [name_of(cell) for cell in list(cells.values()) if cell.is_store]


def entries_of(container, wanted):
    """The members of whom the container has an entry: one that leads to this member, and to nobody else as directly."""
    found = set()
    for entry in entries(container):
        nearest = members_near(entry, wanted)
        if len(nearest) == 1:
            found |= nearest
    return found


def entries(container):
    """What stands in a container, got without running the student's code."""
    kind = next((base for base in type(container).__mro__ if any(base is one for one in VALUES)), None)
    try:
        if kind in (collections.UserDict, collections.UserList):
            return entries(own_dict(container).get("data"))
        if kind in (dict, types.MappingProxyType, weakref.WeakKeyDictionary, weakref.WeakValueDictionary):
            return list(kind.items(container))
        if kind is not None:
            return [(entry,) for entry in list(kind.__iter__(container))]
    except (RuntimeError, AttributeError):  # it is just being changed, or made
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
        return () if dict.__contains__(thing, "type") else [*dict.keys(thing), *dict.values(thing)]  # a message is no member
    if sorts[type(thing)] in OF_VARIABLES:
        return [part for entry in entries(thing) for part in entry]
    if isinstance(thing, weakref.ref):
        return [thing()]
    if isinstance(thing, (types.MethodType, types.BuiltinMethodType)):
        return [thing.__self__]
    if isinstance(thing, (type, types.ModuleType, types.FunctionType, type(None), bool, bytes, float)):
        return ()
    slots = [descriptor for kind in type(thing).__mro__ for descriptor in vars(kind).values() if type(descriptor) is types.MemberDescriptorType]
    return [*own_dict(thing).values(), *(attribute_of(thing, slot.__name__) for slot in slots)]


def name_of(cell):
    """What the students' code calls it, if a variable holds it."""
    if cell.name or cell.home or cell.thing is None:
        return cell.name or cell.home and cell.home.name or ""
    for owner in gc.get_referrers(cell.thing):
        if owner is cell:
            continue
        names = owner if type(owner) is dict else own_dict(owner)
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
    found = [(cell, pair) for cell, *pair in list(races.values()) if matters(cell)]
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
    for cell in list(cells.values()):
        if matters(cell):
            for (changes, *_), accesses in list(cell.history.items()):
                for lock, _ in {id(lock): (lock, since) for access in list(accesses.values()) for lock, since in access.held}.values():
                    counts[id(lock)] += 1
                    kept[id(lock)] = lock
    most = max(counts.values(), default=0)
    return [kept[key] for key, count in counts.items() if count == most]


def describe(access):
    return {"op": access.op, "changes": access.changes, "thread": access.number, "name": access.name, "peer": access.peer,
            "places": witness.places(access.stack),
            "locks": [locks.describe_lock(lock, since) for lock, since in access.held]}
