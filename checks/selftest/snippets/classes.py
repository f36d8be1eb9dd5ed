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
