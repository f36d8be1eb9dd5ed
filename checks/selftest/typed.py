"""What is handed in and typed in the tests of the command line: submissions, and `pytest checks` as a process of its own."""

import csv
import os
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
ECHO = (TOP / "solutions/01_echo/server.py").read_text()
THREADED = (TOP / "solutions/02_threads/server.py").read_text()
ENDS = "raise SystemExit('not yet')\n"  # judged in no time
CHECKS = [sys.executable, "-m", "pytest", TOP / "checks", "-p", "no:cacheprovider"]


def hand_in(folder, text=ENDS, path="01_echo/server.py"):
    """Lay down one file of a submission in this folder, and return the folder."""
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    return folder


def command(*options, cwd=TOP, limit=None, **environment):
    """Run `pytest checks` with these options, `limit` called in its process first; return how it ended, and what it printed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    return subprocess.run([*CHECKS, *map(str, options)], capture_output=True, text=True, cwd=cwd, env=clean | environment, timeout=300, check=False, preexec_fn=limit)


def table(out):
    """The rows of grades.csv, by the submission's name."""
    with open(out / "grades.csv", newline="", encoding="utf-8") as file:
        return {row["submission"]: row for row in csv.DictReader(file)}
