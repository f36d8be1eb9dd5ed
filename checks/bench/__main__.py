"""How the servers of the course bear a load: python -m checks.bench, in the kit's top folder.

Each server has a room of so many members. By turns the rooms say as much as their server
can deliver, and then something at a fixed rate; then one more member comes to each, who
reads nothing, and the same is measured again. load.py says how, and why so.

It takes some three minutes, and writes what was measured (load.json), the table and the
plot into `assets`, where the notebook of lesson 10 finds them. The plot needs matplotlib:
pip install -e ".[bench]". Times depend on the machine; the ratios, each of two turns of
the same round, much less.
"""

import argparse
import contextlib
import json
import platform
import sys
import time
from pathlib import Path

import psutil

from . import report
from ..lab.processes import allow_open_files
from .load import Room
from .server import Server

TOP = Path(__file__).resolve().parent.parent.parent
SERVERS = {
    "lesson 09": TOP / "solutions/09_dead_clients/server.py",
    "lesson 10": TOP / "solutions/10_slow_clients/server.py",
    "lesson 11": TOP / "solutions/11_shutdown/server.py",
    "asyncio": TOP / "checks/bench/asyncio_server.py",
}
RATE = 4_000  # deliveries a second in the open loop: all the servers can bear that
MOST_CHATS = 1_000  # a second
FLOOD, PIECE = 32 << 20, 60_000  # bytes


def loops(room, seconds):
    """Return what the two loops find; None when the server stands still."""
    heard, used, own, began = room.heard, room.server.processor, time.thread_time(), time.perf_counter()
    delivered = room.closed_loop(seconds)
    if not room.all_arrives():
        return None
    busy = (time.thread_time() - own) / (time.perf_counter() - began)
    used = (room.server.processor - used) / (room.heard - heard)
    room.late.clear()
    due = room.open_loop(seconds, min(RATE / (room.count - 1), MOST_CHATS))
    if not room.all_arrives():
        return None
    delays = [moment - due[chat] for chat, moment in room.looks_back() if chat in due]
    return {"delivered": delivered,  # a second
            "delay_50": percentile(delays, 50), "delay_99": percentile(delays, 99),  # seconds
            "processor": used,  # seconds for a delivery
            "load_busy": busy, "load_late_99": percentile(room.late, 99)}  # share of a core; seconds


def measure(files, members, rounds, seconds, step=lambda what: None):
    """Rooms of so many members in servers that run side by side, {name: file}, and are at work by turns.

    Returns a list of what was found for each server in each round, first without and then
    with a stalled member. step is called with what comes now, twice for each of them.
    """
    runs = [{"members": members, "round": round, "server": name} for round in range(rounds) for name in files]
    with contextlib.ExitStack() as ends:
        rooms = {name: ends.enter_context(Room(ends.enter_context(Server(file)), members)) for name, file in files.items()}
        for when in ("awake", "stalled"):
            if when == "stalled":
                for room in rooms.values():
                    room.one_stalls()
            delivers = {name: room.everybody_says(2) for name, room in rooms.items()}
            for run in runs:
                name = run["server"]
                step(f"{members} members, {when}, round {run['round'] + 1}: {name}")
                run[when] = loops(rooms[name], seconds) if delivers[name] else None
                delivers[name] = run[when] is not None
                run["memory"] = rooms[name].server.memory  # bytes
    return runs


def flood(file):
    """Two members say 32 MiB while a third is stalled: return the bytes by which the server's memory grew at most.

    None, when the server stood still.
    """
    with Server(file) as server, Room(server, 2) as room:
        room.everybody_says(2)
        before = server.memory
        room.one_stalls()
        most = room.floods(PIECE, FLOOD)
        return most and most - before


def percentile(values, percent):
    """The smallest value that so many per cent of the values do not exceed (nearest rank)."""
    return sorted(values)[-(-len(values) * percent // 100) - 1]


def busy():
    """Seconds of a core that all programs but this one and its servers have used."""
    times = psutil.cpu_times()  # the first four: idle, and what is used, as each system divides it
    return sum(times[:4]) - times.idle - time.process_time() - Server.used


@contextlib.contextmanager
def progress(total):
    """A bar on the terminal: the function given is called at each step, with what comes now."""
    began, done = time.monotonic(), 0

    def step(what):
        nonlocal done
        left = (time.monotonic() - began) / done * (total - done) if done else 0
        bar = "#" * (30 * done // total)
        print(f"\r[{bar:30}] {done}/{total}  {what}{f', {left:.0f} s left' if done else ''}\x1b[K", end="", file=sys.stderr, flush=True)
        done += 1

    yield step
    print("\r\x1b[K", end="", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(prog="python -m checks.bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--members", type=int, nargs="+", default=[2, 10, 50, 100, 200], metavar="N")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="for each loop")
    parser.add_argument("--quick", action="store_true", help="one short round with 2 and 20 members")
    parser.add_argument("--out", type=Path, default=TOP / "assets", metavar="DIR")
    parser.add_argument("--draw", action="store_true", help="measure nothing: the table and plot of the load.json there, anew")
    options = parser.parse_args()
    if options.quick:
        options.members, options.rounds, options.seconds = [2, 20], 1, 0.2
    allow_open_files(len(SERVERS) * max(options.members) + 200)
    results = options.out / "load.json"
    if not options.draw:
        options.out.mkdir(exist_ok=True)
        results.write_text(json.dumps(run(options), indent=1) + "\n")
    print(report.write(json.loads(results.read_text()), options.out))


def run(options):
    """Measure all of it, by turns, so that what else the machine does meets all the servers alike."""
    runs, floods, before = [], [], (time.monotonic(), busy())
    with progress((2 * options.rounds * len(options.members) + 1) * len(SERVERS)) as step:
        for members in options.members:
            runs += measure(SERVERS, members, options.rounds, options.seconds, step)
        for name, file in SERVERS.items():
            step(f"flooded: {name}")
            floods.append({"server": name, "grown": flood(file)})
    others = (busy() - before[1]) / (time.monotonic() - before[0])  # cores; where they are many, the times say little
    machine = {"system": platform.system(), "python": platform.python_version(), "cores": psutil.cpu_count(), "others": others}
    return {"schema": "chat-lab/load/v1", "machine": machine, "rounds": options.rounds, "seconds": options.seconds,
            "servers": list(SERVERS), "runs": runs, "floods": floods}


if __name__ == "__main__":
    main()
