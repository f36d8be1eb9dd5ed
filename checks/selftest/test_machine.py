"""What a student's program is given of time."""

import contextlib
import os
import subprocess
import sys
import time

import pytest
from lab.machine import LONGEST, Patience, Processors

SECONDS = 0.5


def withheld(code):
    """What Processors says of a program after SECONDS."""
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        processors, began = Processors(process.pid), time.monotonic()
        while time.monotonic() < began + SECONDS:
            processors.look(time.monotonic())
            time.sleep(0.005)
        process.kill()
    return processors.withheld() if processors.known else pytest.skip("this system does not tell")


def test_time_in_which_a_processor_is_wanted_is_not_counted():
    assert withheld("while True: pass") > SECONDS / 2


def test_time_in_which_it_waits_is_counted():
    assert withheld("import time; time.sleep(60)") < SECONDS


def test_a_process_that_is_gone_wants_nothing():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
        processors = Processors(process.pid)
    assert not processors.wanted() and not processors.known


@contextlib.contextmanager
def beside_others(code, others):
    """A program that shares one processor with so many others that never rest."""
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("processes cannot be bound to a processor here")
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(mine)})
    try:
        programs = [subprocess.Popen([sys.executable, "-c", each]) for each in [code, *["while True: pass"] * others]]
    finally:
        os.sched_setaffinity(0, mine)
    try:
        yield programs[0]
    finally:
        for program in programs:
            program.kill()
            program.wait()


def lasts(process):
    """How long a patience of SECONDS lasts."""
    began, patience = time.monotonic(), Patience(process.pid, SECONDS)
    while not patience.is_over():
        time.sleep(0.005)
    return time.monotonic() - began


def test_patience_is_for_a_program_that_can_run():
    with beside_others("while True: pass", 3) as process:
        if not Processors(process.pid).known:
            pytest.skip("this system does not tell")
        time.sleep(SECONDS)  # until all have started
        assert 2 * SECONDS < lasts(process) < LONGEST


def test_patience_with_one_that_waits_is_a_matter_of_the_clock():
    with beside_others("import time; time.sleep(60)", 3) as process:
        time.sleep(2 * SECONDS)
        assert lasts(process) < 2 * SECONDS
