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
