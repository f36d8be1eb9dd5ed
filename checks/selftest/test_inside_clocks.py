"""The clocks inside: on command they go on for the program's own code, and for nobody else."""

from lab.program import Program

SOURCE = b'''
import asyncio, dataclasses, logging, threading, time
from time import perf_counter_ns as now

@dataclasses.dataclass
class Seen:
    at: float = dataclasses.field(default_factory=time.time)

class Own:
    clock = time.monotonic

def read():
    return [time.time(), time.monotonic(), time.perf_counter(), time.time_ns() / 1e9, time.monotonic_ns() / 1e9, now() / 1e9, Seen().at, Own().clock(), next(iter(time.time, None)), *map(lambda _: time.time(), [1])]

def read_by_library():
    return [asyncio.new_event_loop().time(), logging.makeLogRecord({}).created, threading._time()]

before = read(), read_by_library()
print("ready", flush=True)
while time.monotonic() < before[0][1] + 3000:
    time.sleep(0.01)
for one, other in zip((read(), read_by_library()), before):
    print([round(a - b, -2) for a, b in zip(one, other)], flush=True)
'''


def test_the_clocks_are_put_forward():
    for watch in (False, True):
        program = Program({"server.py": SOURCE}, "server.py", watch=watch)
        try:
            assert program.watch_until(lambda: "ready" in program.output, 20)
            program.ask("put_forward", 3600)  # by which the program ends, perhaps before it has answered
            assert program.ends_within(20) and program.printed_all.wait(5), program.output
            assert program.output.splitlines()[1:] == [str([3600.0] * 10), str([0.0] * 3)], program.output
        finally:
            program.stop()
