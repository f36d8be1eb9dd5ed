"""What the student's code does with containers and variables: the hooks of `hooks` come here, and what is touched goes to `accesses`."""

import _thread
import abc
import functools
import sys
import types
import weakref

import actors
import holds
import locking
from accesses import cells, kept, note, note_closed, note_value, note_variable
from catching import caught  # noqa: F401  which the student's code calls here, too
from kinds import (
    ASKED, BLOCKING, CONSUMING, DERIVED, GOING_THROUGH, ITERATOR, LAZILY, LAZY_MODULES, LOOKING, NOTED, NOTHING,
    OF_VARIABLES, PLAIN, PLAIN_ONE, VIEW, VIEWING, WEAK, WRAPPED, WRITING_ARGUMENT, containers_under, is_library, is_theirs, sorts)

MISSING = object()

of_instances = {}  # (id of a class, name) -> the class, which keeps its id: an attribute of its objects that the class itself has not
noted_functions = {}  # a function of the library that is to be noted -> the one that does, see `noted`
blind = set()  # reasons why accesses may have gone unseen


# ------------------------------------------------------------------ the hooks

def of(thing, op, entry=None):
    """The student's code is about to do `op` with this thing; entry: the one that it names by a literal, as a record's."""
    sort = sorts[type(thing)]
    if sort:
        if sort == PLAIN_ONE or sort == DERIVED and not is_theirs(getattr(type(thing), op, None)):
            note(thing, op, sys._getframe(1), entry=entry)
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
            return noted_functions.get(function) or noted_functions.setdefault(function, noted(function, function.__name__, function.__module__))
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
    asked, op = ASKED.get(name, "__iter__"), name if name in WRITING_ARGUMENT or name == "len" else "copy"

    def call(*args, **kwargs):
        for argument in args:
            sort = sorts[type(argument)]
            if sort and (sort != DERIVED or not is_theirs(getattr(type(argument), asked, None))):
                go_through(argument, sys._getframe(1), op if argument is args[0] else "copy")
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
