"""Which code runs that the kit has not put its hooks into: made by compile(), read from a .pyc, written and imported at run time."""

import os
import sys
import types

from store import blind
from witness import HERE

LIBRARY = (HERE, os.path.dirname(os.__file__) + os.sep, "<frozen ")
known = {}  # id of a code object -> the code object, which keeps its id: hooked, the library's, or told of


def followed(code):
    """This code, with all that is in it, has its hooks."""
    known[id(code)] = code
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            followed(each)
    return code


def looks(frame):
    """A thread is about to wait for a client; this is its stack."""
    while frame is not None:
        code = frame.f_code
        if id(code) not in known:
            known[id(code)] = code
            if not code.co_filename.startswith(LIBRARY) and not code.co_name.startswith("__"):  # dataclasses make their methods by exec
                blind.add("it runs code that was not in its files")
        frame = frame.f_back


def begins():
    """What runs now has started the program."""
    frame = sys._getframe(1)
    while frame is not None:
        known[id(frame.f_code)] = frame.f_code
        frame = frame.f_back
