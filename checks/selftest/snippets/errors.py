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
