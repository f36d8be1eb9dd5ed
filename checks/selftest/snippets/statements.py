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
