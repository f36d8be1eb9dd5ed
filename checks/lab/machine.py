"""How the machine treats a student's program: a busy one gives its threads the processors late.

The seconds that a check waits are meant for a program that could run.
"""

import os
import time

LONGEST = 30.0  # seconds that a wait may last longer because the program could not run
SOON = 0.05  # seconds; most waits are over by then, and cost no look at the program's threads


class Processors:
    """What a process's threads want of the machine, and got; Linux tells (stat and schedstat in proc(5), sched-stats.rst of the kernel)."""

    def __init__(self, pid):
        self.tasks = f"/proc/{pid}/task"
        self.first = self._delays()
        self.known = bool(self.first)
        self.last = {}
        self.looked, self.busy = time.monotonic(), 0.0

    def look(self, now):
        """Note what it wants at this moment of time.monotonic()'s clock; to be called often."""
        if self.wanted():
            self.busy += now - self.looked
        self.looked = now
        self.last |= self._delays()

    def withheld(self):
        """How many seconds one of its threads wanted the machine until the last look, or all of them together were ready and did not run."""
        return max(self.busy, self.delayed())

    def delayed(self):
        """How many seconds its threads were ready to run and did not, all together, since the beginning; of one that has ended, until the last look."""
        self.last |= self._delays()
        return sum(delay - self.first.get(thread, 0) for thread, delay in self.last.items()) / 1e9

    def wanted(self):
        """Is one of its threads running, ready to run, or waiting for the disk? False where the system does not tell."""
        return any(stat.rpartition(")")[2].split()[0] in "RD" for _, stat in self._each("stat"))

    def _delays(self):
        return {thread: int(stat.split()[1]) for thread, stat in self._each("schedstat")}

    def _each(self, name):
        try:
            threads = os.listdir(self.tasks)
        except OSError:
            return
        for thread in threads:
            try:
                with open(f"{self.tasks}/{thread}/{name}") as file:
                    yield thread, file.read()
            except OSError:  # has just ended
                continue


class Patience:
    """So many seconds in which something must happen that a program does; while it wanted a processor and got none they stand still.

    On Linux only, where the system tells; elsewhere they are seconds of the clock.
    """

    def __init__(self, pid, seconds):
        self.pid, self.seconds = pid, seconds
        self.since, self.processors = time.monotonic(), None

    def is_over(self):
        passed = time.monotonic() - self.since
        if not self.processors and passed > min(SOON, self.seconds / 2):
            self.processors = Processors(self.pid)
        return passed > self.seconds and passed > self.seconds + min(self.processors.delayed(), LONGEST)
