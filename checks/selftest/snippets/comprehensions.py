m = [[1, 2], [3, 4]]
print([x for row in m if row for x in row if x % 2], {x: y for x, y in m}, {x for x in m[0]}, sum(x for x in m[0]))
print([[y for y in row if (z := y) > 1] for row in m], z)
def outer(k):
    return [lambda: k + i for i in m[0]]
print([f() for f in outer(10)])
class A:
    base = [1, 2]
    double = [2 * x for x in base]
print(A.double)
