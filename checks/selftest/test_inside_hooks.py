"""The room inside: hooks change nothing that a program could notice."""

import contextlib
import doctest
import importlib.util
import io
import re
import sys
import types
from pathlib import Path

import pytest


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
            if traceback.tb_frame.f_code.co_filename == code.co_filename:
                lines.append((traceback.tb_lineno, traceback.tb_frame.f_code.co_name))
            traceback = traceback.tb_next
        error = type(caught), str(caught), lines
    del sys.modules[name]
    names = {key: type(value) for key, value in vars(module).items() if key != "__builtins__"}
    return re.sub(r" at 0x[0-9a-f]+", "", out.getvalue()).splitlines(), list(names), error


def both(inside, source, name="server.py"):
    path = inside.where.folder + name
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
    for code in both(inside, Path(spec.origin).read_bytes(), "module.py"):
        before = set(sys.modules)
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
            for new in set(sys.modules) - before:  # typing has modules of its own making
                del sys.modules[new]
    assert results[0] == results[1]
