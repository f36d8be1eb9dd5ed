"""The figures that the kit is to reach, measured here and now: python checks/selftest/bench.py

Times depend on the machine; ratios are to a bare `python -c pass` in the same run.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
TOP = HERE.parent.parent
sys.path.insert(0, str(HERE.parent))

from lab.server import Server  # noqa: E402
from lab.submission import Submission  # noqa: E402


def seconds(action):
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def bare():
    subprocess.run([sys.executable, "-c", "pass"], check=True)


def start(lesson):
    server = Server(Submission(TOP / "solutions").files(lesson), lesson)
    taken = seconds(server.start)
    server.stop()
    return taken


def pytest(*options):
    return lambda: subprocess.run([sys.executable, "-m", "pytest", TOP / "checks", "-q", "-p", "no:cacheprovider", *options],
                                  stdout=subprocess.DEVNULL, check=False, cwd=tempfile.gettempdir())


def main():
    bares, starts = [], []
    for _ in range(30):  # by turns, so that what else the machine does meets both
        bares.append(seconds(bare))
        starts.append(start("05_broadcast"))
    one, other = statistics.median(bares), statistics.median(starts)
    print(f"bare interpreter                      {one * 1000:7.1f} ms")
    print(f"server of lesson 05 until it listens  {other * 1000:7.1f} ms, {other / one:.1f} times (at most 3)")
    for title, options, most in (
            ("lesson 05 of the solutions", ("--submission", TOP / "solutions", "--lesson", "05"), 4),
            ("first failure on a fresh clone", (), 2),
            ("all lessons of the solutions", ("--submission", TOP / "solutions"), None)):
        taken = [seconds(pytest(*options)) for _ in range(3)]
        print(f"{title:<37} {statistics.median(taken):7.2f} s" + (f" (under {most})" if most else ""))


if __name__ == "__main__":
    main()
