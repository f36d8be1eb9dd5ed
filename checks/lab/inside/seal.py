"""Whether a program has changed what watches it.

Both live in one process: whoever wants to can reach everything here. What is put in
the place of a function, or of what was hooked, is seen when the checker asks, and then
what is told counts for nothing. What is done to our data is not seen.
"""

import _thread
import builtins
import os
import queue
import select
import selectors
import signal
import socket
import sys
import threading
import time
import types

from witness import MODULES

ELSEWHERE = (signal, socket, socket.socket, threading, threading.Thread, threading.Barrier, _thread, queue, queue.Queue, select, selectors.DefaultSelector,
             selectors.SelectSelector, os, time, builtins, sys.modules["_frozen_importlib_external"].SourceLoader)
FREE = {"excepthook"}  # a program may well set it


def taken():
    """What there is now: {(its owner, its name there): (it, its code)}, of all that is ours, here and where hooks are."""
    modules = [sys.modules[name] for name in MODULES if name in sys.modules]
    classes = [thing for module in modules for thing in vars(module).values() if isinstance(thing, type) and thing.__module__ == module.__name__]
    found = {(owner, name): thing for owner in (*modules, *classes) for name, thing in list(vars(owner).items())
             if isinstance(thing, (types.FunctionType, type)) and not name.startswith("__")}
    found |= {(owner, name): thing for owner in ELSEWHERE for name, thing in list(vars(owner).items())
              if name not in FREE and (thing in modules if isinstance(thing, types.ModuleType) else getattr(thing, "__module__", "") in MODULES)}
    return {key: (thing, code_of(thing)) for key, thing in found.items()}


def code_of(thing):
    return getattr(thing, "__code__", None)


def changed(before):
    """The names of what is another thing now than it was when `before` was taken."""
    return [f"{owner.__name__}.{name}" for (owner, name), (thing, code) in before.items()
            if vars(owner).get(name) is not thing or code_of(thing) is not code]
