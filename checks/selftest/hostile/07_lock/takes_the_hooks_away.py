"""Finds what its code was given, and puts something blind in its place."""
import builtins


class Blind:
    def __getattr__(self, name):
        return lambda thing=None, *_: thing


builtins.__chat_lab__ = Blind()
