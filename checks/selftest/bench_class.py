"""What grading a class costs: python checks/selftest/bench_class.py [--class 200] [--lesson 09] [--jobs 1 2 6] [--dask]

A class is made from the gallery and the solutions and graded once for each number of
jobs; verdicts that differ from the first run's are named. The floor is what the servers'
starts alone would take: the checks that were run, times the median start of a server.
"""

import argparse
import csv
import itertools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gallery import exhibits
from lab import sandbox
from lab.course import LESSONS, lesson_named
from lab.grading.grader import duration
from lab.server import Server
from lab.submission import Submission
from typed import TOP


def make_class(folder, size, lessons):
    """Lay down so many submissions: in turn a program of the gallery and the solutions, in each lesson."""
    programs = {lesson: itertools.cycle([None, *(one for one in exhibits(f"{lesson}/") if one.kind != "rogue")]) for lesson in lessons}
    for number in range(size):
        student = folder / f"student{number:03}"
        student.mkdir(parents=True)
        for lesson in lessons:
            exhibit = next(programs[lesson])
            if exhibit:
                exhibit.hand_in(student)
            else:
                shutil.copytree(TOP / "solutions" / lesson, student / lesson, ignore=shutil.ignore_patterns("__pycache__"))


def graded(folder, out, *options):
    """Grade the class; return (seconds, {(submission, lesson): verdicts}, checks that were run, the grader's memory in bytes)."""
    began = time.monotonic()
    script = ("import resource, runpy, sys; sys.argv = sys.argv[1:]\ntry: runpy.run_module('pytest', run_name='__main__')\n"
              "finally: print('memory', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)")
    done = subprocess.run([sys.executable, "-c", script, "pytest", TOP / "checks", "-p", "no:cacheprovider", "--class", folder, "--report", out, *options],
                          capture_output=True, text=True, check=False)
    seconds = time.monotonic() - began
    if done.returncode not in (0, 1):
        sys.exit(done.stdout + done.stderr)
    with open(out / "grades.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns = ("points", "max_points", "first_broken", *(name for name in rows[0] if name.endswith("_checks")))
    ran = sum(int(row[f"{verdict}_checks"] or 0) for row in rows for verdict in ("passed", "failed", "unknown"))
    memory = int(done.stdout.rsplit("memory ", 1)[1]) << 10
    return seconds, {(row["submission"], row["lesson"]): {name: row[name] for name in columns} for row in rows}, ran, memory


def start_seconds(lesson, times=15):
    """The median time from nothing to a server that listens."""
    taken = []
    for _ in range(times):
        server = Server(Submission(TOP / "solutions").files(lesson), lesson)
        began = time.monotonic()
        server.start()
        taken.append(time.monotonic() - began)
        server.stop()
    return statistics.median(taken)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--class", dest="size", type=int, default=200)
    parser.add_argument("--lesson", action="append", default=[])
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2, 6])
    parser.add_argument("--sandbox", default="auto")
    parser.add_argument("--dask", metavar="ADDRESS")
    options = parser.parse_args()
    lessons = sorted(map(lesson_named, options.lesson)) or LESSONS
    with tempfile.TemporaryDirectory(prefix="chat-lab-bench-") as top:
        folder, first = Path(top) / "class", None
        make_class(folder, options.size, lessons)
        print(f"{options.size} submissions, {', '.join(lessons)}; --sandbox {options.sandbox} ({sandbox.missing() or 'bubblewrap'}); load {os.getloadavg()[0]:.1f}", flush=True)
        for jobs in [*options.jobs, *(["dask"] if options.dask else [])]:
            how = ["--dask", options.dask] if jobs == "dask" else ["-n", str(jobs)]
            seconds, rows, ran, memory = graded(folder, Path(top) / f"out-{jobs}", "--sandbox", options.sandbox, *how)
            first = first or (seconds, rows)
            changed = [key for key in rows if rows[key] != first[1][key]]
            print(f"-n {jobs}: {duration(seconds)}, {first[0] / seconds:.2f} times as fast as the first; {ran} checks run; the grader itself "
                  f"{memory >> 20} MB; {len(changed)} rows differ", flush=True)
            for key in changed:
                print("   ", *key, first[1][key], rows[key], flush=True)
        start = start_seconds(lessons[-1])
        print(f"floor: {ran} starts of {1000 * start:.0f} ms, {duration(ran * start)} one after the other")


if __name__ == "__main__":
    main()
