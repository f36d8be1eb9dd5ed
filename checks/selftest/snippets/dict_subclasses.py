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
