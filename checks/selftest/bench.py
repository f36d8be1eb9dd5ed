"""The figures that the kit is to reach, measured here and now: python checks/selftest/bench.py [rounds]

Times depend on the machine, and on what else it does: each figure is the median of some
rounds, and what is compared takes turns. A ratio is the median of the rounds' ratios.
"""

import importlib.util
import select
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from lab import server as servers  # noqa: E402
from lab.course import LESSONS, Run, checks_of  # noqa: E402
from lab.judge import judge  # noqa: E402
from lab.server import Server  # noqa: E402
from lab.submission import Submission  # noqa: E402
from typed import CHECKS, TOP  # noqa: E402

SOLUTIONS = TOP / "solutions"
WATCHED = [lesson for lesson in LESSONS if int(lesson[:2]) >= servers.WATCHED]
EACH = 6  # seconds for a lesson from 06 on
OBSERVED = 1.5  # times that a run may take in which locks and containers are watched
MEMBERS, MESSAGES = 50, 1000


def seconds(action, *arguments):
    began = time.perf_counter()
    action(*arguments)
    return time.perf_counter() - began


def show(title, figure, unit, most=None):
    print(f"{title:<58} {figure:7.2f} {unit:<5}" + (f" (at most {most:g})" if most else ""), flush=True)


def pytest(*options):
    subprocess.run([*CHECKS, "-q", *options], stdout=subprocess.DEVNULL, check=False, cwd=tempfile.gettempdir())


# ------------------------------------------------------------------ what is measured

def bare():
    subprocess.run([sys.executable, "-c", "pass"], check=True)


def start(lesson):
    server = Server(Submission(SOLUTIONS).files(lesson), lesson)
    taken = seconds(server.start)
    server.stop()
    return taken


def kept_rules(lesson):
    """Judge the solution by what the lessons before 06 ask, which can be seen from outside."""
    run = Run(SOLUTIONS)
    run.checks[lesson] = [check for check in checks_of(lesson) if check.rule < "06"]
    judge(run, lesson)


def broadcast(lesson):
    """How long it takes until all members have heard a message, one after another, each sent when the one before was heard."""
    server = Server(Submission(SOLUTIONS).files(lesson), lesson).start()
    try:
        sender, *others = [server.client(f"member {number}").joins() for number in range(MEMBERS)]
        server.comes_to_rest()
        socks = [member.sock for member in others]
        for member in others:
            member.forgets_system_messages()
        return seconds(lambda: [heard(sender.sock, socks, b'{"type": "chat", "text": "number %d"}\n' % number) for number in range(MESSAGES)])
    finally:
        server.stop()


def heard(sender, socks, line):
    sender.sendall(line)
    waiting = set(socks)
    while waiting:
        ready = select.select(list(waiting), [], [], 10)[0]
        waiting -= {sock for sock in ready if sock.recv(1 << 16).endswith(b"\n")}


def ratio(action, lesson, rounds):
    """How many times as long as without it an action takes with locks and containers watched."""
    ratios, usual = [], servers.WATCHED
    for _ in range(rounds):
        observed = action(lesson)
        servers.WATCHED = 99
        ratios.append(observed / action(lesson))
        servers.WATCHED = usual
    return statistics.median(ratios)


# ------------------------------------------------------------------ the command

def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    bares, starts = [], {"05_broadcast": [], WATCHED[-1]: []}
    for _ in range(6 * rounds):  # by turns, so that what else the machine does meets all
        bares.append(seconds(bare))
        for lesson, taken in starts.items():
            taken.append(start(lesson))
    one = statistics.median(bares)
    show("bare interpreter", one * 1000, "ms")
    for lesson, taken in starts.items():
        show(f"server of {lesson} until it listens", statistics.median(taken) / one, "times", 3)

    figures = [("first failure on a fresh clone", (), 2), *(
        (f"solution of {lesson}", ("--submission", SOLUTIONS, "--lesson", lesson), 4 if lesson < "06" else EACH) for lesson in LESSONS),
        ("all solutions", ("--submission", SOLUTIONS), 30)]
    if importlib.util.find_spec("xdist"):
        figures.append(("all solutions, in two processes", ("--submission", SOLUTIONS, "-n", "2"), 18))
    taken = {title: [] for title, *_ in figures}
    for _ in range(rounds):
        for title, options, _ in figures:
            taken[title].append(seconds(pytest, *options))
    for title, _, most in figures:
        show(title, statistics.median(taken[title]), "s", most)

    for lesson in WATCHED:
        if lesson < "10":  # of whose outboxes' threads it cannot be seen from outside that they rest: there waiting would be compared
            show(f"{lesson}, observed: judged by the rules that it keeps", ratio(lambda lesson: seconds(kept_rules, lesson), lesson, rounds), "times", OBSERVED)
        show(f"{lesson}, observed: {MESSAGES:,} messages to {MEMBERS} members", ratio(broadcast, lesson, rounds), "times", OBSERVED)


if __name__ == "__main__":
    main()
