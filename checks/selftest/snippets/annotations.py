from __future__ import annotations
import dataclasses, typing
@dataclasses.dataclass(order=True, slots=True, frozen=False)
class Member:
    nick: str
    conn: Undefined[len(x)] = dataclasses.field(default=None, compare=False)
    sent: list[str] = dataclasses.field(default_factory=list)
    def __post_init__(self): self.sent = self.sent + [self.nick]; self.sent += ["x"]
class T(typing.NamedTuple):
    a: int
    b: str = "b"
def f(x: Nothing[1], *args: Nope) -> Never: y: AlsoNot = x; return y
print(Member("a"), Member("a") < Member("b"), T(1), f(2), f.__annotations__, T.__annotations__, Member.__slots__)
g: list[print] = []
print(__annotations__)
