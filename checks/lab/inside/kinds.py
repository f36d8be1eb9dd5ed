"""What a thing is to the hooks: a container, a view of one, an iterator; and what calls by which names do with them."""

import collections.abc
import functools
import gc
import itertools
import sys
import types
import weakref

import where

PLAIN = (dict, list, set, collections.deque)
WRAPPED = (weakref.WeakSet, weakref.WeakKeyDictionary, weakref.WeakValueDictionary,
           collections.UserDict, collections.UserList)
WEAK = (weakref.WeakKeyDictionary, weakref.WeakValueDictionary)  # whose views are generators
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
PUTTING = {"append", "appendleft", "extend", "extendleft", "insert", "add", "update", "setdefault", "__setitem__", "__iadd__", "__ior__", "heappush", "put"}
CONSUMING = {"__iter__", "__contains__"}  # what takes from an iterator
VIEWING = {"keys", "values", "items"}
LOOKING = VIEWING | {"__class__", "__sizeof__"}  # a view reads nothing before it is walked
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
            ("_socket", "gethostbyname"), ("_socket", "gethostbyaddr"), ("socket", "getaddrinfo"), ("socket", "getfqdn"),
            ("subprocess", "run"), ("subprocess", "wait"), ("subprocess", "call"), ("builtins", "input")}
NOTED = GOING_THROUGH | LAZILY | {name for _, name in BLOCKING}
CHANGING = WRITING | WRITING_ARGUMENT
LAZY_MODULES = {"builtins", "itertools"}


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
OF_VARIABLES = {PLAIN_ONE, DERIVED, CONSTANT}  # what a variable may hold that is of interest


def containers_under(thing, depth=4):
    """The containers that going through this thing goes through: itself, or what a view or an iterator has behind it."""
    sort = sorts[type(thing)]
    if sort in (PLAIN_ONE, DERIVED):
        return (thing,)
    if depth and sort in (VIEW, ITERATOR):
        return [each for part in gc.get_referents(thing) for each in (
            inside_tuple(thing, part, depth) if type(part) is tuple else containers_under(part, depth - 1))]
    return ()


def inside_tuple(thing, part, depth):
    """What zip, map and chain have in a tuple; others have their last item in one."""
    kinds = {zip: (VIEW, ITERATOR), map: (VIEW, ITERATOR), itertools.chain: (), type(iter(())): (PLAIN_ONE, DERIVED, VIEW, ITERATOR)}.get(type(thing), ())
    return [each for one in part if sorts[type(one)] in kinds for each in containers_under(one, depth - 1)]


def is_theirs(function):
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    return code is not None and where.is_theirs(code)


@functools.cache
def is_library(module):
    return module.partition(".")[0] in sys.stdlib_module_names and module != "__main__"
