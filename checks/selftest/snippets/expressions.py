d = {1: [1], **{2: [2]}, 3: {4: 5}}
s = {*d, 9}
t = (*d, *s)
print(d[1][0], t[1:], t[::-1], d[3][4], -d[1][0], not d, ~1, d and 1 or 2, 1 if d else 2)
print(1 < 2 < 3, 3 in d, 9 not in d, d is d, d is not s, d == {1: 2}, s <= {9}, [1] + [2], [0] * 3, {1} | {2}, {1} - {1})
print(lambda: 0 if d else 1, (lambda q=d, *a, k=1, **kw: (q is d, a, k, kw))(1, 2, z=3))
print(*map(str, d), sep="-", **{"end": "!\n"})
print(b"%d" % 3, "%s %s" % ("a", d), "%(x)s" % {"x": 1}, "a" "b", 1j, ..., None)
print(max(d), min(d, default=0), sum(d), len(d), sorted(d, reverse=True), list(zip(d, d.values())), any(d), all([]))
