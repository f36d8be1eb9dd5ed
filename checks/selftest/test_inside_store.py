"""The room inside: accesses are seen as what they are, and the members are found."""

import ast
import contextlib
import io
import socket
import sys
import types

import pytest


# ------------------------------------------------------------------ what is an access, and of which kind

SETUPS = {
    "dict": "d = {1: [2], 3: [4]}", "defaultdict": "import collections; d = collections.defaultdict(list, {1: [2], 3: [4]})",
    "OrderedDict": "import collections; d = collections.OrderedDict({1: [2], 3: [4]})", "UserDict": "import collections; d = collections.UserDict({1: [2], 3: [4]})",
    "list": "d = [1, 3]", "deque": "import collections; d = collections.deque([1, 3])", "set": "d = {1, 3}",
    "WeakSet": "import weakref\nclass O: pass\no = O()\nd = weakref.WeakSet([o])"}
MAPPINGS, ROWS = ("dict", "defaultdict", "OrderedDict", "UserDict"), ("list", "deque")
ANY = tuple(SETUPS)
PLAIN = ("dict", "list", "set", "deque", "OrderedDict", "defaultdict")
ACCESSES = [  # kinds, code, what it does: reads, walks, changes, or nothing
    (ANY, "1 in d; 1 not in d", "reads"), (ANY, "d == 5", "reads"), (ANY, "bool(d)", "walks"), (ANY, "len(d)", "reads"), (ANY, "not d", "reads"),
    (ANY, "if d: pass", "reads"), (ANY, "while not d: pass", "reads"), (ANY, "1 if d else 2", "reads"), (ANY, "assert d", "reads"), (ANY, "d and 1", "reads"),
    (ANY, "[x for x in [1] if d]", "reads"), (ANY, "match 1:\n  case 1 if d: pass", "reads"),
    (ANY, "for x in d: pass", "walks"), (ANY, "[x for x in d]", "walks"), (ANY, "{x for x in d}", "walks"), (ANY, "{x: 1 for x in d}", "walks"),
    (ANY, "list(x for x in d)", "walks"), (ANY, "any(x for x in d)", "walks"), (ANY, "g = (x for x in d); next(g)", "walks"),
    (ANY, "def g(): yield from d\n*g(),", "walks"), (ANY, "for i, x in enumerate(d): pass", "walks"), (ANY, "for x in zip([1], d): pass", "walks"),
    (ANY, "for x in map(str, d): pass", "walks"), (ANY, "list(filter(None, d))", "walks"), (ANY, "for x in iter(d): pass", "walks"),
    (ANY, "list(d)", "walks"), (ANY, "tuple(d); set(d); sorted(map(id, d))", "walks"), (ANY, "sorted(d)", "walks"), (ANY, "print(*d)", "walks"), (ANY, "[*d]", "walks"),
    (ANY, "a, *b = d", "walks"), (ANY, "f'{d}'", "reads"), (ANY, "str(d); repr(d); print(d)", "walks"), (ANY, "'%s' % d", "walks"),
    (ANY, "'{}'.format(d)", "walks"), (ANY, "import copy; copy.copy(d)", "walks"), (ANY, "d.copy()", "walks"), (ANY, "next(iter(d))", "walks"),
    (ANY, "import itertools\nfor x in itertools.chain([0], d): pass", "walks"), (ANY, "import itertools; list(itertools.islice(d, 1))", "walks"),
    (PLAIN, "type(d).__len__(d)", "reads"), (ANY, "d.__len__()", "reads"), (ANY, "d.__contains__(1)", "reads"), (ANY, "max(d, default=0, key=id)", "walks"),
    (("dict", "list", "set"), "import json; json.dumps(d, default=str)", "walks"), (ROWS, "for x in reversed(d): pass", "walks"),
    (MAPPINGS, "d[1]", "reads"), (MAPPINGS, "d.get(1)", "reads"), (MAPPINGS, "d[1] = 0", "changes"), (MAPPINGS, "del d[1]", "changes"),
    (MAPPINGS, "d.pop(1)", "changes"), (MAPPINGS, "d.pop(9, None)", "changes"), (MAPPINGS, "d.popitem()", "changes"), (MAPPINGS, "d.clear()", "changes"),
    (MAPPINGS, "d.update(a=1)", "changes"), (MAPPINGS, "d.setdefault(9, 0)", "changes"), (MAPPINGS, "d |= {5: 6}", "changes"), (MAPPINGS, "d[1] += [5]", "changes"),
    (MAPPINGS, "d[1].append(5)", "reads"), (MAPPINGS, "d[7] = d[8] = 0", "changes"), (MAPPINGS, "d[7], x = 1, 2", "changes"), (MAPPINGS, "{**d}", "walks"),
    (MAPPINGS, "1 in d.values()", "reads"), (MAPPINGS, "1 in d.keys()", "reads"), (MAPPINGS, "[2] in d.values() or (1, 2) in d.items()", "reads"),
    (MAPPINGS, "for k, v in d.items(): pass", "walks"), (MAPPINGS, "sorted(d.values())", "walks"), (MAPPINGS, "d.keys() & {1}", "walks"),
    (MAPPINGS, "len(d.keys())", "reads"), (MAPPINGS, "d.keys() == {1}", "reads"), (MAPPINGS, "if d.values(): pass", "reads"), (MAPPINGS, "v = d.values()\nfor x in v: pass", "walks"),
    (MAPPINGS, "min([1], key=d.get)", "reads"), (MAPPINGS, "import functools; functools.partial(d.pop, 1)()", "changes"),
    (MAPPINGS, "import contextlib\nwith contextlib.ExitStack() as s: s.callback(d.pop, 1)", "changes"), (MAPPINGS, "pop = d.pop; pop(1)", "changes"),
    (MAPPINGS, "import operator; operator.setitem(d, 1, 2)", "changes"), (MAPPINGS, "import operator; operator.getitem(d, 1)", "walks"),
    (("dict", "defaultdict", "OrderedDict"), "dict.pop(d, 1)", "changes"), (("dict", "defaultdict", "OrderedDict"), "dict.get(d, 1); dict.__getitem__(d, 1)", "reads"),
    (("dict", "OrderedDict"), "d.keys().isdisjoint([5])", "reads"), (("OrderedDict",), "d.move_to_end(1)", "changes"), (("dict",), "for x in reversed(d): pass", "walks"),
    (ROWS, "d[0]", "reads"), (ROWS, "d[0] = 1", "changes"), (ROWS, "d.append(1)", "changes"), (ROWS, "d.remove(1)", "changes"), (ROWS, "d.insert(0, 1)", "changes"),
    (ROWS, "d.extend([1])", "changes"), (ROWS, "d += [1]", "changes"), (ROWS, "d.index(1); d.count(1)", "reads"), (ROWS, "d.reverse()", "changes"), (ROWS, "d.pop()", "changes"),
    (("list",), "d[:]; d[0:1]", "reads"), (("list",), "d[:] = []", "changes"), (("list",), "del d[:]", "changes"), (("list",), "d.sort()", "changes"),
    (("list",), "import heapq; heapq.heappush(d, 0)", "changes"), (("list",), "import random; random.choice(d)", "walks"), (("list",), "d + [1]; d * 2", "walks"),
    (("list",), "match d:\n  case [a, *_]: pass", "reads"), (("deque",), "d.appendleft(1); d.popleft(); d.rotate(1)", "changes"),
    (("set", "WeakSet"), "d.clear()", "changes"), (("WeakSet",), "d.add(o)", "changes"), (("set", "WeakSet"), "d.discard(1)", "changes"), (("set",), "d |= {5}", "changes"), (("set",), "d - {1}", "walks"),
    (("set",), "d <= {1}", "reads"), (("set",), "{1}.union(d)", "walks"), (("set",), "{1}.update(d)", "walks"), (("set",), "d.union([1])", "reads"), (("set",), "d.pop()", "changes"),
    (("set",), "list(map({1: 2}.get, d))", "walks"), (("dict", "list", "set"), "type(d).clear(d)", "changes"),
    (("dict", "list"), "from threading import Thread; t = Thread(target=d.clear); t.start(); t.join()", "changes"),
    # and what is none
    (ANY, "x = d; y = [d, (d,)]; id(d), type(d), isinstance(d, object); (lambda q: q)(d); d is None; d is not x", ""), (ANY, "None or d; 1 and d", ""),
    (ANY, "len([d]); [d][0]; {1: d}[1]; bool((d,))", ""), (PLAIN, "iter(d); enumerate(d); zip(d); map(str, d); filter(None, d); (x for x in [1])", ""),
    (PLAIN, "import itertools; itertools.chain(d, d)", ""), (ANY, "d.clear; d.copy", ""), (MAPPINGS, "d.keys(); d.values(); d.items(); v = d.values()", ""),
    (ANY, "import threading, functools; threading.Thread(args=(d,)); functools.partial(print, d)", ""), (ANY, "def f(a=d): return a\nf(); [x for x in [d]]", ""),
]


@pytest.mark.parametrize("kind", ANY)
def test_accesses(inside, kind):
    """Every way to touch a container is seen, as what it is; what does not touch it is not."""
    accesses, wrong = inside.accesses, []
    for kinds, line, expected in ACCESSES:
        if kind not in kinds:
            continue
        module = {"__name__": "a_student"}
        setup = SETUPS[kind]
        code = "def do(d, o):\n  " + line.replace("; ", "\n  ").replace("\n", "\n  ") + "\ndo(d, globals().get('o'))"
        try:
            ast.parse(code)
        except SyntaxError:
            code = "def do(d, o):\n  " + line.replace("\n", "\n  ") + "\ndo(d, globals().get('o'))"
        exec(setup, module)
        accesses.cells.clear()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(TypeError):  # some have no such operation
            exec(inside.hooks.compiled(code, inside.where.folder + "server.py"), module)
        cell = accesses.cells.get(id(module["d"]))
        found = {"changes" if access.changes else "walks" if access.op in ("walk", "copy", "__iter__") else "reads"
                 for accesses in cell.history.values() for access in accesses.values()} if cell else set()
        if found != set(expected.split()):
            wrong.append((line, found))
    assert not wrong


def test_a_snapshot_is_another_container(inside):
    accesses = inside.accesses
    source = "d = {1: 2}\ndef do():\n    s = list(d)\n    for x in s:\n        pass\n    t = tuple(d.items())\n    for x in enumerate(t): pass\n    return len(s), 1 in s\ndo()"
    module = {"__name__": "a_student"}
    accesses.cells.clear()
    exec(inside.hooks.compiled(source, inside.where.folder + "server.py"), module)
    accesses = [access for each in accesses.cells[id(module["d"])].history.values() for access in each.values()]
    assert sorted(inside.where.places(access.stack)[0][1] for access in accesses) == [3, 6]


def test_what_is_gone_is_let_go(inside):
    """The recorder keeps nothing alive: a connection may be closed by its last holder's letting go."""
    import weakref
    accesses, source = inside.accesses, """
class Conn: pass
def do(conn):
    for n in range(40):
        copy = [conn, n]
        copy.append(1)
        for c in copy: pass
"""
    module = {"__name__": "a_student"}
    exec(inside.hooks.compiled(source, inside.where.folder + "server.py"), module)
    accesses.cells.clear()
    conn = module["Conn"]()
    gone = weakref.ref(conn)
    module["do"](conn)
    assert len(accesses.cells) <= accesses.YOUNG + 1
    del conn
    accesses.let_go()  # as before each wait for a client
    assert gone() is None and not accesses.cells


def test_a_del_that_takes_a_lock_does_no_harm(inside):
    """Letting go of something may run the student's __del__, which may touch containers itself."""
    accesses, source = inside.accesses, """
log = []
class Conn:
    def __del__(self): log.append(len(log))
def do():
    for n in range(100):
        row = [Conn()]
        row.append(row[0])
"""
    module = {"__name__": "a_student"}
    exec(inside.hooks.compiled(source, inside.where.folder + "server.py"), module)
    accesses.cells.clear()
    module["do"]()
    accesses.sweep()
    assert len(module["log"]) == 100


# ------------------------------------------------------------------ which containers hold the members

MEMBERS = {
    "connection to nick": "d = dict(zip(conns, nicks))", "nick to connection": "d = dict(zip(nicks, conns))",
    "tuples": "d = list(zip(conns, nicks, range(2)))", "connections alone": "d = set(conns)", "deque": "import collections; d = collections.deque(conns)",
    "dataclasses": "import dataclasses\n@dataclasses.dataclass\nclass M: conn: object; nick: str\nd = [M(*e) for e in zip(conns, nicks)]",
    "slots": "class M:\n  __slots__ = 'conn', 'nick'\n  def __init__(self, *e): self.conn, self.nick = e\nd = {M(*e) for e in zip(conns, nicks)}",
    "one slot": "class M:\n  __slots__ = 'conn'\n  def __init__(self, conn): self.conn = conn\n  def __getattr__(self, name): raise RuntimeError(name)\nd = [M(c) for c in conns]",
    "threads": "import threading\nclass M(threading.Thread):\n  def __init__(self, *e):\n    super().__init__()\n    self.conn, self.nick = e\nd = {M(*e) for e in zip(conns, nicks)}",
    "weak keys": "import weakref\nd = weakref.WeakKeyDictionary(zip(conns, nicks))", "weak set": "import weakref\nd = weakref.WeakSet(conns)",
    "dict of dicts": "d = {n: {'conn': c, 'rooms': set()} for n, c in zip(nicks, conns)}", "files": "files = [c.makefile('w') for c in conns]; d = dict(zip(nicks, files))",
    "UserDict": "import collections; d = collections.UserDict(zip(nicks, conns))", "by port": "d = {c.getpeername()[1]: n for c, n in zip(conns, nicks)}",
    "own dict": "class R(dict):\n  def items(self): 1 / 0\n  keys = values = __iter__ = __len__ = __contains__ = items\n  def __call__(self): 1 / 0\nd = R(zip(nicks, conns))",
    "bound methods": "d = [c.sendall for c in conns]", "namespaces": "import types; d = [types.SimpleNamespace(c=c) for c in conns]"}
NO_MEMBERS = {"history": "d = [{'type': 'chat', 'user': n, 'text': 'hi'} for n in nicks]", "log": "d = [f'{n} has joined' for n in nicks]",
              "one list in a list": "d = [list(conns)]", "texts": "d = ['hi', 'bye']", "numbers": "d = [0.5, 10_000_000, 20_000_000]"}


@pytest.fixture
def two_members(inside):
    """Two connections as the witness would know them: (connections, nicks, how the checker names them)."""
    pairs = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        for _ in range(2):
            peer = socket.create_connection(listener.getsockname())
            pairs.append((listener.accept()[0], peer))
    conns = [conn for conn, _ in pairs]
    inside.accesses.cells.clear()
    inside.witness.connections.clear()
    for conn in conns:
        inside.witness.connections[conn.fileno()] = inside.witness.Connection(conn.getpeername()[1], ())
    yield conns, ["ann", "bob"], [f"{nick}:{conn.getpeername()[1]}" for nick, conn in zip(("ann", "bob"), conns)]
    for conn, peer in pairs:
        conn.close()
        peer.close()


@pytest.mark.parametrize("shape", [*MEMBERS, *NO_MEMBERS])
def test_members_are_found(inside, two_members, shape):
    conns, nicks, members = two_members
    module = sys.modules["a_student"] = types.ModuleType("a_student")
    vars(module).update(conns=conns, nicks=nicks)
    source = (MEMBERS | NO_MEMBERS)[shape] + "\ndef touch(): return list(d) if type(d).__name__ != 'R' else dict.get(d, 1)\ntouch()\n"
    exec(inside.hooks.compiled(source, inside.where.folder + "server.py"), vars(module))
    assert ("d" in inside.finding.find_members(*members)) == (shape in MEMBERS)
    del sys.modules["a_student"]


@pytest.mark.parametrize("source, name", [
    ("members = ()\ndef add(c):\n    global members\n    members += (c,)\nfor c in conns: add(c)", "members"),
    ("members = {}\ndef add(c, n):\n    global members\n    members = {**members, c: n}\nfor e in zip(conns, nicks): add(*e)", "members"),
    ("class R:\n    def __init__(self): self.members = ()\n    def add(self, c): self.members = self.members + (c,)\nr = R()\nfor c in conns: r.add(c)", "self.members"),
    ("class R:\n    __members = frozenset()\n    @classmethod\n    def add(cls, c): cls.__members |= {c}\nfor c in conns: R.add(c)", "R._R__members"),
    ("def room():\n    members = ()\n    def add(c):\n        nonlocal members\n        members = (*members, c)\n    return add\nadd = room()\nfor c in conns: add(c)", "members"),
    ("def room():\n    members = ()\n    def add(c):\n        nonlocal members\n        if (members := (*members, c)): pass\n    return add\nadd = room()\nfor c in conns: add(c)", "members"),
    ("class R:\n    def __init__(self): self.m = set()\n    def add(self, c): self.m.add(c)\nr = R()\nfor c in conns: r.add(c)", "self.m")])
def test_members_in_variables(inside, two_members, source, name):
    conns, nicks, members = two_members
    module = sys.modules["a_student"] = types.ModuleType("a_student")
    vars(module).update(conns=conns, nicks=nicks)
    exec(inside.hooks.compiled(source, inside.where.folder + "server.py"), vars(module))
    assert name in inside.finding.find_members(*members)
    del sys.modules["a_student"]


def test_two_stores_and_a_history_of_tuples(inside, two_members):
    """Who has left stands in no store of members any more; what still names him is none."""
    conns, nicks, members = two_members
    module = sys.modules["a_student"] = types.ModuleType("a_student")
    vars(module).update(conns=conns, nicks=nicks)
    exec(inside.hooks.compiled("by_nick = dict(zip(nicks, conns))\nby_conn = dict(zip(conns, nicks))\nsaid = [(n, 'hi') for n in nicks] + [('eve', 'hi')]\n"
                               "def touch(): return len(by_nick), len(by_conn), len(said)\ntouch()", inside.where.folder + "server.py"), vars(module))
    assert {"by_conn", "by_nick", "said"} <= set(inside.finding.find_members(*members))
    assert {"by_conn", "by_nick"} <= set(inside.finding.without("eve:1")) and "said" not in inside.finding.stores()
    del sys.modules["a_student"]
