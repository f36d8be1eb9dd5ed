"""Files that socket.makefile() makes for writing: one thread at a time writes to such a file, and others wait for their turn.

The library's own have a lock for that which nobody sees, see "Multi-threading" in the
documentation of `io`. These have one beside it that is seen. The module stands in the
place of `io` for `socket`.
"""

import io
import socket
import sys

import locks


class InTurn:
    """A file with a buffer for writing."""

    def __init__(self, *args):
        self._turn = locks.made(locks.RLock, sys._getframe(1))
        super().__init__(*args)

    def write(self, data):
        with self._turn:
            return super().write(data)

    def flush(self):
        with self._turn:
            super().flush()

    def close(self):
        with self._turn:
            super().close()


class BufferedWriter(InTurn, io.BufferedWriter):
    pass


class BufferedRWPair(InTurn, io.BufferedRWPair):
    pass


def __getattr__(name):
    return getattr(io, name)


def install():
    socket.io = sys.modules[__name__]
