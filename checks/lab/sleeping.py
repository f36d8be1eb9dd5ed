"""Threads that sleep: what may come of it.

Nothing comes of a loop in a program's text that does nothing but sleep. Of another sleep
nothing will come, as far as can be seen, when the thread has looked since anything
stirred, and went to sleep again; or when it sleeps long and has had nothing to do with
clients yet, as one that prints now and then who is there.
"""

import ast
import functools

LONG = 0.2  # seconds; who serves clients does not sleep for so long


def naps(thread):
    """Does this thread of a state sleep, and will nothing come of it as things are?"""
    nap = thread["nap"]
    return nap["has_looked"] or nap["seconds"] >= LONG and not nap["serves"]


def only_sleeps(files, thread):
    """Does this thread of a state stand in such a loop? files: {relative path: bytes}."""
    file, line, _ = thread["places"][0]
    return any(first <= line <= last for first, last in idle_loops(files.get(file, b"")))


@functools.lru_cache
def idle_loops(source):
    """The first and last lines of the bodies that only call sleep(), in loops whose tests only look at a name, or at an event."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return []
    return [(loop.body[0].lineno, loop.body[-1].end_lineno) for loop in ast.walk(tree) if isinstance(loop, ast.While) and not loop.orelse
            and all(isinstance(line, ast.Expr) and is_call_of(line.value, "sleep") for line in loop.body)
            and all(is_call_of(part, "is_set") for part in ast.walk(loop.test) if isinstance(part, ast.Call))]


def is_call_of(node, name):
    """Is this a call of a function or method of that name, with nothing to be called for its arguments?"""
    return (isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == name
            and not any(isinstance(part, ast.Call) for child in ast.iter_child_nodes(node) for part in ast.walk(child)))
