type Pair[T] = tuple[T, T]
type Later = Undefined[1]
def first[T: (int, str)](x: list[T], *rest: *tuple[T]) -> T: return x[0]
class Box[T, *Ts, **P]:
    def __init__(self, x: T): self.__x = x
    def get(self): return self.__x
print(first([1]), Box(3).get(), Pair.__value__, Box.__type_params__, f"{'a' + "b"} {f"{1}"}")
