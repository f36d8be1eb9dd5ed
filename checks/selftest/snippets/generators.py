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
