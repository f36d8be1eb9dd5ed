from dataclasses import dataclass
import enum
class Color(enum.Enum): RED = 1
@dataclass
class P: x: int; y: int = 0
def f(v):
    match v:
        case 0 | 1 as n: return "small", n
        case -1 | 2.5 | "s" | b"b" | None | True: return "constant"
        case Color.RED: return "red"
        case [] | (): return "empty"
        case [1, *rest, 9] if rest: return rest
        case [x, [y, _]]: return x, y
        case {"type": "join", "user": str(user), **more}: return user, more
        case {"a": {"b": [first, *_]}}: return first
        case P(0, y=yy): return "P", yy
        case P(x=int() as xx): return "PX", xx
        case str() | int(): return "other"
        case _: return "none"
for v in (0, 1, -1, 2.5, "s", None, Color.RED, [], [1, 2, 9], [1, 9], [5, [6, 7]], {"type": "join", "user": "a", "z": 1},
          {"type": "join", "user": 3}, {"a": {"b": [1, 2]}}, P(0, 5), P(3), "zz", 77, object):
    print(f(v))
