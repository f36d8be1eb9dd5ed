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
