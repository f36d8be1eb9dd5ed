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
