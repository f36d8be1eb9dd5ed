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
