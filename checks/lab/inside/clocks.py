"""The clocks that the program's own code reads: on command they go on by hours, as if so much time had passed.

The library's code reads the real ones, before and after: what it waits for is another
question, see `witness.wake`.
"""

import sys
import time

import where

NAMES = {"time": 1, "monotonic": 1, "perf_counter": 1, "time_ns": 10**9, "monotonic_ns": 10**9, "perf_counter_ns": 10**9}  # and their units in a second

passed = 0  # seconds


class Clock:
    """In the place of a function of `time`. No function: as an attribute of a class it must not become a method."""

    def __init__(self, read, unit):
        self.read, self.unit = read, unit

    def __call__(self):
        return self.read() + passed * self.unit if passed and not where.is_library(sys._getframe(1)) else self.read()


def put_forward(seconds):
    global passed
    passed += int(seconds)


def install():
    for name, unit in NAMES.items():
        setattr(time, name, Clock(getattr(time, name), unit))
