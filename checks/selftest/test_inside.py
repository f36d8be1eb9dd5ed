"""The room inside: hooks that change nothing, accesses seen as what they are, races and locks judged right."""

import ast
import builtins
import contextlib
import doctest
import importlib.util
import io
import re
import socket
import sys
import types
from pathlib import Path

import pytest
from lab.program import INSIDE, Program

FOLDER = "/a-student/"


@pytest.fixture(scope="module")
def inside():
    """The modules of the room, imported here; nothing but the hooks is installed."""
    before = set(sys.modules)
    sys.path.insert(0, str(INSIDE))
    import hooks
    import locks
    import store
    import witness
    sys.path.remove(str(INSIDE))
    witness.folder = FOLDER
    hooks.install()
    yield types.SimpleNamespace(hooks=hooks, locks=locks, store=store, witness=witness)
    delattr(builtins, hooks.HOOK)
    for name in {"hooks", "locks", "store", "witness"} - before:
        del sys.modules[name]


# ------------------------------------------------------------------ hooks change nothing

SNIPPETS = {
    "statements": """
        import os.path as p, sys as s
        from math import (floor, ceil as c)
        x: int = 3
        y: "list[int]"
        z = w = [1, 2]
        a, (b, *rest), = 1, (2, 3, 4)
        del x
        for a, b in [(1, 2), (3, 4)]:
            if a == 3: continue
            print(a, b)
        else:
            print("else")
        while True:
            break
        else:
            print("never")
        for _ in (): pass
        else: print("empty")
        assert z, "not empty"
        try:
            assert not z, f"odd {z}"
        except AssertionError as error:
            print(error)
        try: raise KeyError("k") from ValueError("v")
        except (KeyError, OSError) as error: print(repr(error.__cause__))
        finally: print("finally")
        """,
    "expressions": """
        d = {1: [1], **{2: [2]}, 3: {4: 5}}
        s = {*d, 9}
        t = (*d, *s)
        print(d[1][0], t[1:], t[::-1], d[3][4], -d[1][0], not d, ~1, d and 1 or 2, 1 if d else 2)
        print(1 < 2 < 3, 3 in d, 9 not in d, d is d, d is not s, d == {1: 2}, s <= {9}, [1] + [2], [0] * 3, {1} | {2}, {1} - {1})
        print(lambda: 0 if d else 1, (lambda q=d, *a, k=1, **kw: (q is d, a, k, kw))(1, 2, z=3))
        print(*map(str, d), sep="-", **{"end": "!\\n"})
        print(b"%d" % 3, "%s %s" % ("a", d), "%(x)s" % {"x": 1}, "a" "b", 1j, ..., None)
        print(max(d), min(d, default=0), sum(d), len(d), sorted(d, reverse=True), list(zip(d, d.values())), any(d), all([]))
        """,
    "comprehensions": """
        m = [[1, 2], [3, 4]]
        print([x for row in m if row for x in row if x % 2], {x: y for x, y in m}, {x for x in m[0]}, sum(x for x in m[0]))
        print([[y for y in row if (z := y) > 1] for row in m], z)
        def outer(k):
            return [lambda: k + i for i in m[0]]
        print([f() for f in outer(10)])
        class A:
            base = [1, 2]
            double = [2 * x for x in base]
        print(A.double)
        """,
    "async": """
        import asyncio
        class Room:
            def __init__(self): self.n = 0
            async def __aenter__(self): return self
            async def __aexit__(self, *_): print("left")
            def __aiter__(self): return self
            async def __anext__(self):
                self.n += 1
                if self.n > 3: raise StopAsyncIteration
                return self.n
        async def agen():
            for i in range(3):
                yield i
                await asyncio.sleep(0)
        async def main():
            async with Room() as room, Room():
                async for x in room: print(x)
                else: print("over")
            print([x async for x in agen() if x], {x: y async for x in agen() for y in [x]})
            print(await asyncio.gather(*[asyncio.sleep(0, i) for i in range(2)]))
        asyncio.run(main())
        """,
    "walrus and while": """
        data = iter([3, 2, 1, 0, 5])
        while x := next(data): print(x)
        print((y := 5) + y, [last := i for i in range(3)], last)
        """,
    "match": """
        from dataclasses import dataclass
        import enum
        class Color(enum.Enum): RED = 1
        @dataclass
        class P: x: int; y: int = 0
        def f(v):
            match v:
                case 0 | 1 as n: return "small", n
                case -1 | 2.5 | "s" | b"b" | None | True: return "constant"
                case Color.RED: return "red"
                case [] | (): return "empty"
                case [1, *rest, 9] if rest: return rest
                case [x, [y, _]]: return x, y
                case {"type": "join", "user": str(user), **more}: return user, more
                case {"a": {"b": [first, *_]}}: return first
                case P(0, y=yy): return "P", yy
                case P(x=int() as xx): return "PX", xx
                case str() | int(): return "other"
                case _: return "none"
        for v in (0, 1, -1, 2.5, "s", None, Color.RED, [], [1, 2, 9], [1, 9], [5, [6, 7]], {"type": "join", "user": "a", "z": 1},
                  {"type": "join", "user": 3}, {"a": {"b": [1, 2]}}, P(0, 5), P(3), "zz", 77, object):
            print(f(v))
        """,
    "classes": """
        import abc, collections, enum, functools
        class Meta(type):
            def __new__(m, name, bases, ns, **kw):
                print(sorted(k for k in ns if k[0] != "_" or "__" in k[1:-2]), kw)
                return super().__new__(m, name, bases, ns)
            def __init__(cls, *args, **kw): super().__init__(*args)
            def __eq__(cls, other): print("asked"); return cls is other
            __hash__ = type.__hash__
        class Base(metaclass=Meta, key=1):
            __slots__ = ("__x", "y", "__weakref__")
            z = [1]
            def __init__(self, y=0):
                self.__x = [y]
                self.y = y
            def bump(self):
                self.__x += [1]
                self.y += 1
                self.__x, self.y = self.__x * 2, self.y
                return self.__x, self._Base__x, self.y
            def __len__(self): print("len"); return 0
            def __contains__(self, k): print("contains", k); return True
            def __iter__(self): print("iter"); return iter((1, 2))
            def __eq__(self, other): print("eq"); return NotImplemented
            def __add__(self, other): return "added"
            def __getitem__(self, k): return k
            def __enter__(self): return self
            def __exit__(self, *e): print(e[0]); return True
            def __call__(self, *a, **k): return a, k
        class Sub(Base):
            def __init__(self): super().__init__(5)
            def bump(self): return super().bump(), super(Sub, self).y, __class__.__name__
            @property
            def members(self): print("got"); return list(self.z)
            @members.setter
            def members(self, value): print("set", value); Sub.z = value
            @classmethod
            def make(cls): return cls()
            @staticmethod
            def none(): return None
        b = Sub.make()
        print(b.bump(), bool(b), 3 in b, [*b], list(b), b + 1, b[1:2, ...], b(1, k=2), b == 1)
        with b: raise ValueError("swallowed")
        b.members += [2]
        b.members = [7]
        class ___:
            def f(self): self.__q = [1]; self.__q += [2]; return self.__q
        print(___().f())
        class Ghost:
            def __getattr__(self, name): print("asked for", name); raise AttributeError(name)
            def __getattribute__(self, name): print("getattribute", name); return object.__getattribute__(self, name)
            def go(self): self.rows = [1]; self.rows += [2]; return self.rows
        print(Ghost().go())
        class Proxy:
            def __init__(self, target): self.target = target
            @property
            def __class__(self): print("class?"); return dict
        p = Proxy({})
        print(p == 1, p is None, not p, [x for x in [p]] == [p])
        class Point(collections.namedtuple("Point", "x y")):
            def __new__(cls, x): return super().__new__(cls, x, x)
        print(Point(2), Point(3)._replace(x=1))
        class Level(enum.IntEnum):
            LOW = enum.auto()
            HIGH = enum.auto()
            def up(self): return Level(self + 1)
        print(Level.LOW.up(), list(Level), Level["LOW"], 1 in list(Level))
        class Field:
            def __set_name__(self, owner, name): self.name = name
            def __get__(self, obj, kind=None): print("get"); return vars(obj).setdefault(self.name, [])
            def __set__(self, obj, value): print("set"); vars(obj)[self.name] = value
        class Form:
            rows = Field()
            @functools.cached_property
            def cached(self): print("once"); return [1]
            def add(self): self.rows += [1]; self.rows = self.rows + [2]; self.cached += [3]; return self.rows, self.cached
        print(Form().add())
        class Abstract(abc.ABC):
            @abc.abstractmethod
            def f(self): ...
        try: Abstract()
        except TypeError as error: print(error)
        """,
    "dict subclasses": """
        import collections
        class Room(dict):
            def __getitem__(self, k): print("get", k); return super().__getitem__(k)
            def __setitem__(self, k, v): print("set"); dict.__setitem__(self, k, v)
            def __missing__(self, k): return "missing"
            def __iter__(self): print("iter"); return super().__iter__()
            def __len__(self): print("len"); return dict.__len__(self)
            def pop(self, *a): print("pop"); return super().pop(*a)
            def __call__(self): print("called"); return 1
        r = Room(a=1)
        r["b"] = 2
        print(r["a"], r["zz"], [*r], len(r), bool(r), r.pop("a"), r.pop("a", 0), list(r), {**r}, sorted(r))
        r |= {"c": 3}
        r.update(d=4)
        print(r.setdefault("e", 5), r.get("f"), r, dict.get(r, "b"))
        class Names(collections.UserDict):
            def __setitem__(self, k, v): super().__setitem__(k.lower(), v)
            def __contains__(self, k): return k.lower() in self.data
        n = Names(A=1); n["B"] = 2
        print("b" in n, n, len(n), list(n.items()), n == {"a": 1, "b": 2})
        """,
    "augmented": """
        x = [1]; y = x
        x += [2]; x *= 2
        def f():
            global x
            x += [3]
            s = {1}; s |= {2}; s -= {1}; s ^= {5}; s &= {5, 6}
            n = 1; n <<= 3; n //= 2; n **= 2; n %= 7; n @= M()
            return s, n
        class M:
            def __rmatmul__(self, other): return other, "mat"
        print(f(), x is y, x)
        class O: pass
        o = O(); o.a = O(); o.a.rows = [1]; o.n = 1
        o.a.rows += [2]; o.n -= 1; o.a.rows[0] += 5; o.a.rows[1:] += [9]; o.a.rows[-1:] *= 2
        d = {"k": [1]}; d["k"] += [2]; d["n"] = d.get("n", 0); d["n"] += 1
        calls = []
        def where(): calls.append(1); return o
        where().n += 1; where().a.rows += [1]
        print(o.a.rows, o.n, d, calls)
        try: o.none += 1
        except AttributeError as error: print(error)
        try: undefined += 1
        except NameError as error: print(error)
        def g():
            try: local += 1
            except UnboundLocalError as error: print(error)
        g()
        """,
    "scopes": """
        clients = {}
        def main():
            seen, count = (), 0
            def add(x):
                nonlocal seen, count
                seen += (x,)
                count += 1
                seen = seen + (x,)
                if (seen := seen[:3]): pass
                return seen
            def show(): return seen, count
            add(1); add(2)
            print(show(), seen, sorted(locals())[:2])
            del seen
            try: show()
            except NameError as error: print(error)
            class Inner:
                number = count
                def f(self): return count
            print(Inner.number, Inner().f())
        def reset():
            global clients, made_here
            old, clients = clients, {1: 2}
            made_here = [clients for clients in (1, 2)]
            [made_here, extra] = [3], 4
            return old, clients
        main(); print(reset(), clients, made_here)
        def deco(*names):
            def wrap(f):
                f.names = names
                return f
            return wrap
        @deco(*"ab", *clients)
        @deco()
        def h(a, /, b=[], *args, c: int = len(clients), **kw) -> "nothing":
            'its doc'
            return a, b, args, c, kw
        print(h(1, *[2, 3], **{"z": 1}), h.__doc__, h.names, h.__annotations__, h.__defaults__, dir() == sorted(globals()), vars() is globals())
        print(eval("clients"), [k for k in locals() if k == "h"], super.__name__)
        exec("late = 5"); print(late)
        """,
    "generators": """
        def inner():
            got = yield 1
            print("got", got)
            try: yield 2
            except ValueError as error: print("thrown", error); yield 3
            finally: print("closed")
            return "result"
        def outer():
            r = yield from inner()
            print(r)
            yield from [10, 20]
            yield from {"k": 1}.items()
        g = outer()
        print(next(g), g.send("x"), g.throw(ValueError("v")), list(g))
        g = outer(); next(g); g.send(1); g.close()
        it = iter([1, 2, 3, 4])
        for x in it:
            if x == 2: break
        print(list(it))
        m = map(int, ["1", "x", "3"])
        try:
            for x in m: print(x)
        except ValueError as error: print(error)
        print(next(m))
        z = zip([1, 2, 3], iter("ab")); print([*z], next(iter({}.items()), "none"))
        """,
    "errors": """
        def a(d):
            for k in d:
                d[k + 1] = 0
        for bad in (lambda: a({1: 1}), lambda: [][0], lambda: {}["k"], lambda: None.x, lambda: len(), lambda: len(5), lambda: {}.pop(),
                    lambda: {}.nothing(), lambda: dict.get([], 1), lambda: [].remove(1), lambda: undefined_name, lambda: 1 + "a", lambda: (1)(),
                    lambda: dict(**{1: 2}), lambda: [1, 2].index(x=3), lambda: min([]), lambda: {[]: 1}, lambda: 3 in 3, lambda: sorted(5),
                    lambda: next(iter([])), lambda: [x for x in 5], lambda: {}.update(5), lambda: set().add([]), lambda: iter([]).x, lambda: dict.pop()):
            try: bad()
            except Exception as error: print(type(error).__name__, error)
        class Odd:
            members = property(lambda self: 1 / 0)
            def set(self): self.members = 1
        try: Odd().set()
        except AttributeError as error: print(error)
        try: Odd().members
        except ZeroDivisionError as error: print(error)
        def deep(n): return deep(n + 1) if n < 300 else n
        print(deep(0))
        """,
    "left by an exception": """
        clients = {}
        def handle(conn):
            with open("/dev/null") as file:
                nick = clients[conn]
            return nick

        def main():
            for conn in [1]:
                try:
                    handle(conn)
                finally:
                    print("cleaned up")

        main()
        """,
    "f-strings": r"""
        w, x, d = 10, 3.14159, {"k": [1]}
        print(f"{x:{w}.{2}f}|{d['k'][0]!r:>5}|{d!s}|{x=:.1f}|{{}}|{'nested ' + f'{w:>{5}}'}|{d}|{[i for i in d]}|{w:,}")
        print(f'''{
            d["k"]
        } and {x!a}''' f"{1}" "plain" rf"\n{w}")
        """,
    "handed on": """
        import functools, contextlib, threading, weakref
        d, l, s = {"a": 1}, [3, 1], {1}
        get, pop = d.get, functools.partial(d.pop, "zz", None)
        print(get("a"), pop(), get == d.get, get.__name__, sorted(d, key=d.get), list(map(l.index, [1, 3])), callable(l.append))
        with contextlib.ExitStack() as stack: stack.callback(d.pop, "a", None); stack.callback(l.sort)
        t = threading.Thread(target=l.append, args=(5,)); t.start(); t.join(); print(t.name.partition(" ")[2], d, l)
        class Thing:
            index = 5; clear = None
            def pop(self): return "my pop"
        thing = Thing(); print(thing.index, thing.clear, (thing.pop)())
        print({}.get.__self__, hash(get) == hash(d.get), isinstance(s.add, object), [f() for f in (l.pop, l.copy, s.copy)])
        remove = l.remove
        try: remove("x")
        except ValueError as error: print(error)
        print(weakref.WeakSet().add.__name__, str.join(",", "ab"), ",".join({"a": 1}), "a-b".split("-").pop())
        """,
    "odd callables": """
        import types, functools
        class Call:
            def __call__(self, *a): return a[1:]
            def __getattr__(self, name): raise AttributeError("none " + name)
        class NoName:
            __name__ = property(lambda self: 1 / 0)
            def __call__(self): return "called"
        class Shadow:
            def len(self, x): return "mine"
            copy = list
        print(types.MethodType(Call(), 1)(2), NoName()(), Shadow().len(3), Shadow.copy("ab"), functools.partial(Call())(1, 2))
        def copy(x): return "my copy"
        class Counter:
            def __init__(self, x): self.x = x
        print(copy({}), Counter({}).x, type(Counter).__call__(Counter, 1).x, (lambda *a: a)(*"ab"), int.from_bytes(b"a", "big"))
        """,
    "annotations": """
        from __future__ import annotations
        import dataclasses, typing
        @dataclasses.dataclass(order=True, slots=True, frozen=False)
        class Member:
            nick: str
            conn: Undefined[len(x)] = dataclasses.field(default=None, compare=False)
            sent: list[str] = dataclasses.field(default_factory=list)
            def __post_init__(self): self.sent = self.sent + [self.nick]; self.sent += ["x"]
        class T(typing.NamedTuple):
            a: int
            b: str = "b"
        def f(x: Nothing[1], *args: Nope) -> Never: y: AlsoNot = x; return y
        print(Member("a"), Member("a") < Member("b"), T(1), f(2), f.__annotations__, T.__annotations__, Member.__slots__)
        g: list[print] = []
        print(__annotations__)
        """,
    "except groups": """
        try:
            raise ExceptionGroup("g", [ValueError(1), KeyError(2), OSError(3)])
        except* ValueError as group: print(group.exceptions)
        except* (KeyError, OSError): print("others")
        """,
    "documented": """
        'the module'
        def f():
            "the function"
        class C:
            "the class"
        print(__doc__, f.__doc__, C.__doc__)
        if __debug__: print("debug")
        if 0: print("never")
        def g():
            if 0: yield
        print(list(g()), [1, 2, 3][0], (1, 2)[1], "abc"[1:], {}.get(1), "a" "b" in "cab", None is None)
        """,
}
if sys.version_info >= (3, 12):
    SNIPPETS["3.12"] = r"""
        type Pair[T] = tuple[T, T]
        type Later = Undefined[1]
        def first[T: (int, str)](x: list[T], *rest: *tuple[T]) -> T: return x[0]
        class Box[T, *Ts, **P]:
            def __init__(self, x: T): self.__x = x
            def get(self): return self.__x
        print(first([1]), Box(3).get(), Pair.__value__, Box.__type_params__, f"{'a' + "b"} {f"{1}"}")
        """


def outcome(code, name="a_student"):
    """What comes of running this: the output, the names, and the error with the student's own lines."""
    module = sys.modules[name] = types.ModuleType(name)
    out, error = io.StringIO(), None
    try:
        with contextlib.redirect_stdout(out):
            exec(code, module.__dict__)
    except BaseException as caught:
        error, traceback, lines = caught, caught.__traceback__, []
        while traceback:
            if traceback.tb_frame.f_code.co_filename.startswith(FOLDER):
                lines.append((traceback.tb_lineno, traceback.tb_frame.f_code.co_name))
            traceback = traceback.tb_next
        error = type(caught), str(caught), lines
    del sys.modules[name]
    names = {key: type(value) for key, value in vars(module).items() if key != "__builtins__"}
    return re.sub(r" at 0x[0-9a-f]+", "", out.getvalue()).splitlines(), list(names), error


def both(inside, source, path=FOLDER + "server.py"):
    return compile(source, path, "exec", dont_inherit=True), inside.hooks.compiled(source, path)


def dedented(text):
    return "\n".join(line[8:] for line in text.split("\n")[1:])


@pytest.mark.parametrize("name", SNIPPETS)
def test_hooks_change_nothing(inside, name):
    plain, hooked = (outcome(code) for code in both(inside, dedented(SNIPPETS[name])))
    assert hooked == plain
    assert plain[0] and (plain[2] is None) == (name != "left by an exception"), plain


@pytest.mark.parametrize("source", ["x = (", "return 1", "def f():\n  nonlocal q", "def f():\n  x = 1\n  global x", "break", "f() = 1", "x: int: 3",
                                    "def f(a, a): pass", "class A:\n    return 1", "await x", "(yield)", "*a", "f(**k, *a)", "del f()", "None = 1",
                                    "match 1:\n  case x: pass\n  case 2: pass", "x = [i for i in y, z]", "\tx\n        y", "from __future__ import nothing"])
def test_syntax_errors_stay(inside, source):
    found = []
    for compiled in (lambda: compile(source, "f.py", "exec", dont_inherit=True), lambda: inside.hooks.compiled(source, "f.py")):
        with pytest.raises(SyntaxError) as caught:
            compiled()
        found.append((str(caught.value), caught.value.lineno))
    assert found[0] == found[1]


LIBRARY = ["textwrap", "difflib", "heapq", "bisect", "argparse", "configparser", "csv", "dataclasses", "fractions", "statistics", "string",
           "tokenize", "ast", "json.decoder", "json.encoder", "json.scanner", "collections", "copy", "calendar", "colorsys", "contextlib", "cmd", "decimal",
           "fnmatch", "functools", "getopt", "graphlib", "gettext", "html.parser", "inspect", "ipaddress", "keyword", "locale", "mimetypes", "numbers",
           "opcode", "operator", "optparse", "pickle", "pickletools", "plistlib", "posixpath", "pprint", "queue", "random", "reprlib", "sched", "selectors",
           "shlex", "shutil", "socketserver", "stat", "tempfile", "threading", "timeit", "traceback", "types", "typing", "urllib.parse", "uuid", "weakref",
           "_collections_abc", "http.cookies", "enum"]
DOCUMENTED = {"difflib", "heapq", "fractions", "statistics", "random", "http.cookies", "pickletools", "collections", "reprlib"}


@pytest.mark.parametrize("name", LIBRARY)
def test_library_modules_stay_what_they_are(inside, name):
    """Hooked, a module of the library defines the same things, and its examples come out the same."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.origin.endswith(".py"):
        pytest.skip("not here")
    results = []
    for code in both(inside, Path(spec.origin).read_bytes(), FOLDER + "module.py"):
        module = sys.modules["a_student"] = types.ModuleType("a_student")
        module.__dict__.update(__package__=spec.parent, __file__=spec.origin)
        try:
            exec(code, module.__dict__)
            runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
            for test in doctest.DocTestFinder().find(module, "a_student") if name in DOCUMENTED else ():
                runner.run(test, out=lambda text: None)
            results.append((sorted(module.__dict__), {key: sorted(vars(value)) for key, value in module.__dict__.items()
                                                      if isinstance(value, type) and value.__module__ == "a_student"}, runner.failures, runner.tries))
        finally:
            del sys.modules["a_student"]
    assert results[0] == results[1]


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
    store, wrong = inside.store, []
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
        store.cells.clear()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(TypeError):  # some have no such operation
            exec(inside.hooks.compiled(code, FOLDER + "server.py"), module)
        cell = store.cells.get(id(module["d"]))
        found = {"changes" if access.changes else "walks" if access.op in ("walk", "copy", "__iter__") else "reads"
                 for accesses in cell.history.values() for access in accesses.values()} if cell else set()
        if found != set(expected.split()):
            wrong.append((line, found))
    assert not wrong


def test_a_snapshot_is_another_container(inside):
    store = inside.store
    source = "d = {1: 2}\ndef do():\n    s = list(d)\n    for x in s:\n        pass\n    t = tuple(d.items())\n    for x in enumerate(t): pass\n    return len(s), 1 in s\ndo()"
    module = {"__name__": "a_student"}
    store.cells.clear()
    exec(inside.hooks.compiled(source, FOLDER + "server.py"), module)
    accesses = [access for each in store.cells[id(module["d"])].history.values() for access in each.values()]
    assert sorted(inside.witness.places(access.stack)[0][1] for access in accesses) == [3, 6]


def test_what_is_gone_is_let_go(inside):
    """The recorder keeps nothing alive: a connection may be closed by its last holder's letting go."""
    import weakref
    store, source = inside.store, """
class Conn: pass
def do(conn):
    for n in range(40):
        copy = [conn, n]
        copy.append(1)
        for c in copy: pass
"""
    module = {"__name__": "a_student"}
    exec(inside.hooks.compiled(source, FOLDER + "server.py"), module)
    store.cells.clear()
    conn = module["Conn"]()
    gone = weakref.ref(conn)
    module["do"](conn)
    assert len(store.cells) <= store.YOUNG + 1
    del conn
    store.let_go()  # as before each wait for a client
    assert gone() is None and not store.cells


def test_a_del_that_takes_a_lock_does_no_harm(inside):
    """Letting go of something may run the student's __del__, which may touch containers itself."""
    store, source = inside.store, """
log = []
class Conn:
    def __del__(self): log.append(len(log))
def do():
    for n in range(100):
        row = [Conn()]
        row.append(row[0])
"""
    module = {"__name__": "a_student"}
    exec(inside.hooks.compiled(source, FOLDER + "server.py"), module)
    store.cells.clear()
    module["do"]()
    store.sweep()
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
    inside.store.cells.clear()
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
    exec(inside.hooks.compiled(source, FOLDER + "server.py"), vars(module))
    assert ("d" in inside.store.find_members(*members)) == (shape in MEMBERS)
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
    exec(inside.hooks.compiled(source, FOLDER + "server.py"), vars(module))
    assert name in inside.store.find_members(*members)
    del sys.modules["a_student"]


def test_two_stores_and_a_history_of_tuples(inside, two_members):
    """Who has left stands in no store of members any more; what still names him is none."""
    conns, nicks, members = two_members
    module = sys.modules["a_student"] = types.ModuleType("a_student")
    vars(module).update(conns=conns, nicks=nicks)
    exec(inside.hooks.compiled("by_nick = dict(zip(nicks, conns))\nby_conn = dict(zip(conns, nicks))\nsaid = [(n, 'hi') for n in nicks] + [('eve', 'hi')]\n"
                               "def touch(): return len(by_nick), len(by_conn), len(said)\ntouch()", FOLDER + "server.py"), vars(module))
    assert {"by_conn", "by_nick", "said"} <= set(inside.store.find_members(*members))
    assert {"by_conn", "by_nick"} <= set(inside.store.without("eve:1")) and "said" not in inside.store.stores()
    del sys.modules["a_student"]


# ------------------------------------------------------------------ races and locks, in a program that is watched

DRIVER = '''
import builtins, os, sys, threading
store, stuck = builtins.__chat_lab__, []
locks = store.locks
store.witness.tell = lambda event, kind="", **facts: stuck.append(kind or event) if event in ("stuck", "goes on") else None
names = sys.argv[1:] or sorted(name[:-3] for name in os.listdir() if name.startswith("case_"))
for name in names:
    try:
        __import__(name)
    except BaseException as error:
        stuck.append(repr(error))
    lines = sorted({tuple(sorted({store.describe(access)["places"][0][1] for access in pair})) for _, *pair in store.races.values()})
    print(repr((name, lines, sorted({call[1] for call in list(locks.under_lock.values())}), bool(locks.opposite_orders()), list(stuck))), flush=True)
    for table in (store.cells, store.races, locks.in_order, locks.under_lock, stuck):
        table.clear()
os._exit(0)
'''
BEFORE = """import queue, socket, select, threading, time, contextlib, concurrent.futures, functools, selectors
def run(*functions, wait=True):
    threads = [threading.Thread(target=function, daemon=True) for function in functions]
    for thread in threads: thread.start()
    for thread in threads if wait else (): thread.join()
lock, other, rlock, d, l = threading.Lock(), threading.Lock(), threading.RLock(), {1: 2}, [1]
ready = threading.Event()
def touch(): d[1] = 3
def look(): return 1 in d.values()
"""


def watched(cases):
    """Run these snippets one after another in a watched program; return {name: (races, blocking calls under a lock, opposite orders?, stuck)}."""
    files = {"server.py": b"exec(compile(open('driver.txt').read(), '<driver>', 'exec'))\n", "driver.txt": DRIVER.encode()}
    names = {f"case_{number:03}": case for number, case in enumerate(cases)}
    files |= {f"{name}.py": (BEFORE + cases[case] + "\n").encode() for name, case in names.items()}
    program = Program(files, "server.py", watch=True)
    try:
        assert program.ends_within(20) and program.printed_all.wait(5), program.output
        found = [ast.literal_eval(line) for line in program.output.splitlines() if line.startswith("('case_")]
    finally:
        program.stop()
    assert [each[0] for each in found] == list(names), program.output
    return {names[name]: rest for name, *rest in found}


ORDERED = {
    "start and join": "touch()\nrun(touch)\nlook()\nrun(look)\ntouch()",
    "one lock": "def f():\n    with lock: touch()\nrun(f, f, f)",
    "acquire and release": "def f():\n    lock.acquire()\n    try: look(); touch()\n    finally: lock.release()\nrun(f, f)",
    "reentrant": "def g():\n    with rlock: touch()\ndef f():\n    with rlock:\n        g()\n        look()\nrun(f, f)",
    "condition": "c = threading.Condition()\ndef f():\n    with c:\n        while not l: c.wait()\n        touch()\ndef g():\n    with c:\n        l.append(1); c.notify_all()\nl.clear(); run(f, f, g)",
    "condition on a lock": "c = threading.Condition(lock)\ndef f():\n    with c: touch()\ndef g():\n    with lock: touch()\nrun(f, g)",
    "semaphore of one": "s = threading.BoundedSemaphore()\ndef f():\n    with s: touch()\nrun(f, f)",
    "semaphore hands over": "s = threading.Semaphore(0)\ndef f(): touch(); s.release()\ndef g(): s.acquire(); touch()\nrun(f, g)",
    "queue hands over": "q = queue.Queue()\ndef f(): touch(); q.put(1)\ndef g(): q.get(); touch()\nrun(f, g)",
    "simple queue": "q = queue.SimpleQueue()\ndef f(): touch(); q.put_nowait(1)\ndef g():\n    q.get(); touch()\nrun(f, g)",
    "event": "def f(): touch(); ready.set()\ndef g(): ready.wait(); touch()\nrun(f, g)",
    "event looked at": "def f(): touch(); ready.set()\ndef g():\n    while not ready.is_set(): time.sleep(0.001)\n    touch()\nrun(f, g)",
    "decorated": "def locked(f):\n    @functools.wraps(f)\n    def inner(*a):\n        with lock: return f(*a)\n    return inner\ntouch = locked(touch)\nrun(touch, touch)",
    "exit stack": "def f():\n    with contextlib.ExitStack() as s:\n        s.enter_context(lock)\n        s.callback(d.pop, 7, None)\n        touch()\nrun(f, f)",
    "own data": "def f():\n    mine = {}\n    for n in range(9): mine[n] = n\nrun(f, f)",
    "reads alone": "run(look, look)",
    "a view handed on": "v = d.values()\ndef f():\n    with lock: d[1] = 1\ndef g():\n    w = None or v\n    with lock: return 2 in w, list(v)\nrun(f, g)",
    "timer": "def f():\n    with lock: touch()\nt = threading.Timer(0, f); t.start()\nf(); t.join()",
    "raw thread": "import _thread\ntouch()\n_thread.start_new_thread(lambda: (touch(), ready.set()), ())\nready.wait(); touch()",
    "subclasses": "class E(threading.Event):\n    def __init__(self, name, *, x): super().__init__(); self.name = name\nclass C(threading.Condition):\n    def __init__(self, a, b): super().__init__()\n"
                  "class S(threading.Semaphore):\n    def __init__(self, a, b): super().__init__(1)\ne, c, s = E(1, x=2), C(1, 2), S(1, 2)\ndef f():\n    with c, s: touch()\nrun(f, f)\ne.set()",
    "own dict with a lock": "class R(dict):\n    def __iter__(self):\n        with lock: return iter(list(super().keys()))\n    def __len__(self):\n        with lock: return super().__len__()\n"
                            "    def __setitem__(self, k, v):\n        with lock: super().__setitem__(k, v)\nr = R()\ndef f(): r[1] = 2; len(r), list(r), sorted(r), bool(r)\nrun(f, f)",
    "tuple handed over": "members = ()\ndef f():\n    global members\n    with lock: members = (*members, 1)\ndef g():\n    with lock: m = members\n    for x in m: pass\nrun(f, g, f, g)",
}
RACES = {  # where, counted from the snippet's first line
    "no lock": ("def f():\n    d[1] = 1\nrun(f, f)", [2]),
    "look without": ("def f():\n    with lock: d[1] = 1\ndef g():\n    return 1 in d.values()\nrun(f, g)", [2, 4]),
    "two locks": ("def f():\n    with lock: d[1] = 1\ndef g():\n    with other: d[1] = 1\nrun(f, g)", [2, 4]),
    "a lock each time": ("def f():\n    with threading.Lock(): d[1] = 1\nrun(f, f)", [2]),
    "view escapes": ("def f():\n    with lock: d[1] = 1\ndef g():\n    with lock: v = d.items()\n    for x in v: pass\nrun(f, g)", [2, 5]),
    "generator escapes": ("def f():\n    with lock: d[1] = 1\ndef g():\n    with lock: v = (x for x in d)\n    list(v)\nrun(f, g)", [2, 4]),
    "zip escapes": ("def f():\n    with lock: d[1] = 1\ndef g():\n    with lock: v = zip(d, [1])\n    list(v)\nrun(f, g)", [2, 5]),
    "semaphore of two": ("s = threading.Semaphore(2)\ndef f():\n    with s: d[1] = 1\nrun(f, f)", [3]),
    "callback": ("def f():\n    with lock: d[1] = 1\ndef g():\n    with contextlib.ExitStack() as s:\n        s.callback(d.pop, 1, None)\nrun(f, g)", None),
    "target": ("def f():\n    with lock: d[1] = 1\ndef g():\n    t = threading.Thread(target=d.clear)\n    t.start()\n    t.join()\nrun(f, g)", [2, 4]),
    "after the start": ("t = threading.Thread(target=touch)\nt.start()\nd[1] = 1\nt.join()", None),
    "key function": ("def f():\n    with lock: d[1] = 1\ndef g():\n    sorted([1, 1], key=d.get)\nrun(f, g)", [2, 4]),
    "rebound global": ("members = ()\ndef f():\n    global members\n    members = (*members, 1)\nrun(f, f)", [4]),
    "rebound by walrus": ("members = ()\ndef f():\n    global members\n    if (members := (1, 2)): pass\nrun(f, f)", [4]),
    "rebound in a closure": ("def main():\n    members = ()\n    def f():\n        nonlocal members\n        members += (1,)\n    run(f, f)\nmain()", [5]),
    "rebound attribute": ("class R:\n    m = ()\n    def f(self):\n        self.m = self.m + (1,)\nr = R()\nrun(r.f, r.f)", [4]),
    "released too early": ("def f():\n    lock.acquire()\n    lock.release()\n    d[1] = 1\nrun(f, f)", [4]),
    "condition waits": ("c = threading.Condition()\ndef f():\n    with c: d[1] = 1\ndef g():\n    with c: c.wait(0.01)\n    d[1] = 1\nrun(f, g)", [3, 6]),
}
HEAD = BEFORE.count("\n")


@pytest.fixture(scope="module")
def observed():
    """What was seen of all the snippets."""
    return watched({**ORDERED, **{name: source for name, (source, _) in RACES.items()},
                    **{call: UNDER_LOCK % call for call in (*BLOCK, *DO_NOT_BLOCK)}, **LOCKS})


@pytest.mark.parametrize("name", ORDERED)
def test_what_is_ordered_is_no_race(observed, name):
    races, _, opposite, stuck = observed[name]
    assert races == [] and not opposite and not stuck


@pytest.mark.parametrize("name", RACES)
def test_what_is_not_ordered_is_a_race(observed, name):
    races, *_, stuck = observed[name]
    lines = RACES[name][1]
    assert races and not stuck and (lines is None or tuple(line + HEAD for line in lines) in races)


UNDER_LOCK = """a, b = socket.socketpair()
listener = socket.create_server(("127.0.0.1", 9090))
b.sendall(b"one\\ntwo\\nthree\\n")
here, there = socket.create_connection(("127.0.0.1", 9090)), listener.accept()[0]
there.sendall(b"x"); here.setblocking(False); select.select([here], [], [], 5)
done = threading.Thread(target=int); done.start()
bounded, q, sq, s0 = queue.Queue(5), queue.Queue(), queue.SimpleQueue(), threading.Semaphore(1)
bounded.put(1); q.put(1); sq.put(1); ready.set()
cond, own = threading.Condition(), threading.Condition(lock)
pool = concurrent.futures.ThreadPoolExecutor(1); future = pool.submit(int)
file = there.makefile("wb"); file.write(b"y")
selector = selectors.DefaultSelector(); selector.register(a, selectors.EVENT_READ)
c = socket.socket()
def f():
    with lock:
        %s
f()
listener.close(); pool.shutdown()
"""
BLOCK = {"there.send(b'x')": "send", "there.sendall(b'x')": "send", "file.flush()": "send", "a.recv(1)": None, "a.makefile().readline()": None, "c.connect(('127.0.0.1', 9090)); listener.accept()": "accept",
         "c.connect(('127.0.0.1', 9090))": "connect", "time.sleep(0.001)": "sleep", "done.join()": "join", "bounded.put(2)": "put", "bounded.get()": "get", "q.get()": "get", "sq.get()": "get",
         "ready.wait()": "wait", "ready.wait(1)": "wait", "with cond: cond.wait(0.001)": "wait", "with cond: cond.wait_for(lambda: 0, 0.001)": "wait",
         "select.select([a], [], [], 0.01)": "select", "future.result()": "result", "concurrent.futures.wait([future])": "wait", "selector.select(1)": "select", "selector.select()": "select",
         "p = select.poll(); p.register(a); p.poll(1)": "poll", "q.get(); q.task_done(); q.join()": "join"}
DO_NOT_BLOCK = ("q.put(2)", "bounded.put_nowait(2)", "bounded.put(2, False)", "q.get_nowait()", "sq.put(1)", "sq.get_nowait()", "here.recv(1)", "here.send(b'x')", "select.select([a], [], [], 0)", "print('hi')",
                "a.close()", "there.shutdown(socket.SHUT_RDWR)", "selector.select(0)", "ready.wait(0)", "done.join(0)", "time.sleep(0)", "own.wait(0.001)", "own.notify_all()", "ready.set()",
                "with s0: pass", "with rlock, rlock: pass", "q.get(timeout=0)", "len(d), ','.join(map(str, d)), 'a'.join([])", "threading.Thread(target=int).start()")


@pytest.mark.parametrize("call", BLOCK)
def test_calls_that_block_under_a_lock(observed, call):
    _, under_lock, _, stuck = observed[call]
    assert (BLOCK[call] in under_lock if BLOCK[call] else under_lock in ([], ["recv"])) and not stuck


@pytest.mark.parametrize("call", DO_NOT_BLOCK)
def test_calls_that_do_not_block(observed, call):
    _, under_lock, _, stuck = observed[call]
    assert under_lock == [] and not stuck


LOCKS = {
    "again": "def f():\n    with lock:\n        ready.set()\n        with lock: pass\nrun(f, wait=False); ready.wait(); time.sleep(0.05)",
    "circle": "r2 = threading.Event()\ndef f():\n    with lock:\n        ready.set(); r2.wait()\n        with other: pass\ndef g():\n    with other:\n        r2.set(); ready.wait()\n        with lock: pass\n"
              "run(f, g, wait=False); time.sleep(0.1)",
    "kept before": "run(lambda: lock.acquire())\nrun(lambda: lock.acquire(), wait=False); time.sleep(0.05)",
    "kept later": "def f():\n    lock.acquire(); ready.wait()\nrun(f, wait=False)\nwhile not lock.locked(): time.sleep(0.001)\nrun(lambda: lock.acquire(), wait=False); time.sleep(0.05); ready.set(); time.sleep(0.05)",
    "a signal": "lock.acquire()\nrun(lambda: (time.sleep(0.02), lock.release()), wait=False)\nlock.acquire()\nrun(lambda: lock.release())\nlock.acquire()\nrun(lambda: lock.release(), wait=False)\nlock.acquire()",
    "reentrant is fine": "with rlock:\n    with rlock: assert rlock.acquire(False); rlock.release()\nassert rlock.acquire(timeout=1); rlock.release()\ntry: rlock.release()\nexcept RuntimeError: pass\nelse: 1 / 0",
    "timeouts": "lock.acquire()\nassert not lock.acquire(timeout=0.01) and not lock.acquire(False) and not lock.acquire(timeout=0) and lock.locked()\nlock.release()\nassert not lock.locked()\n"
                "for bad in ((False, 5), (True, -2)):\n    for one in (lock, rlock):\n        try: one.acquire(*bad)\n        except ValueError: pass\n        else: 1 / 0\ntry: lock.release()\nexcept RuntimeError: pass\nelse: 1 / 0",
    "wait gives back": "c = threading.Condition()\ndef f():\n    with c:\n        with c: ready.set(); c.wait()\nt = threading.Thread(target=f); t.start(); ready.wait()\nwith c: c.notify()\nt.join()",
    "the library's own": "import _thread, logging\nassert type(queue.Queue().mutex) is type(threading._allocate_lock()) and type(logging._lock) is not type(rlock)\nassert type(concurrent.futures.Future()._condition) is not threading.Condition\n"
                         "assert type(ready._cond) is not threading.Condition and type(threading.Thread()._started) is not threading.Event",
    "one order": "def f():\n    with lock, other: pass\nrun(f, f)", "opposite": "def f():\n    with lock, other: pass\ndef g():\n    with other, lock: pass\nrun(f); run(g)",
    "opposite at last": "def f():\n    for n in range(9):\n        with lock, other: pass\n        with other, lock: pass\ndef g():\n    with lock, other: pass\nrun(f); run(g)",
    "opposite in a third": "def f():\n    with rlock, lock, other: pass\ndef g():\n    with rlock, other, lock: pass\nrun(f); run(g)",
    "a fork": "import os\npid = os.fork()\nif not pid: os.kill(os.getpid(), 9)\nos.waitpid(pid, 0)",
    "a property called name": "class T(threading.Thread):\n    name = property(lambda self: 1 / 0, lambda self, value: None)\n    def run(self): touch()\nts = [T(), T()]\nfor t in ts: t.start()\nfor t in ts: t.join()",
    "deep": "def f(n):\n    for x in [1]: return f(n + 1) if n < 200 else n\nassert f(0) == 200",
}
STUCK = {"again": ["again"], "circle": ["circle"], "kept before": ["kept"], "kept later": ["kept"], "a signal": ["again", "goes on"]}


@pytest.mark.parametrize("name", LOCKS)
def test_locks(observed, name):
    *_, opposite, stuck = observed[name]
    assert stuck == STUCK.get(name, []) and opposite == (name in ("opposite", "opposite at last"))


def test_a_long_traceback_is_told():
    """A recursion without end is told as what it is, whatever its length."""
    source = b"import threading\ndef f(d):\n    for x in d: f(d)\nthreading.Thread(target=f, args=([1],)).start()\n"
    program = Program({"server.py": source}, "server.py", watch=True)
    assert program.ends_within(10) and program.wait_for(lambda: program.errors, 5)
    program.stop()
    assert "RecursionError" in program.errors[0]["error"] and "store.py" not in program.output
