data = iter([3, 2, 1, 0, 5])
while x := next(data): print(x)
print((y := 5) + y, [last := i for i in range(3)], last)
