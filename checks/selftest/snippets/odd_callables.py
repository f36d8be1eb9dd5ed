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
