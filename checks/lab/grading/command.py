"""The door: `pytest checks --class DIR --report OUT`."""

import contextlib
import os
import signal
import sys
import tomllib
from pathlib import Path

from .. import sandbox
from ..course import LESSONS, checks_of, lesson_named
from ..verdict import Scale
from . import platforms, reports
from .grader import RECORDS, Grader
from .handed_in import find
from .judging import no_result


class Usage(Exception):
    """The command was wrong, or what it names; one line."""


def scale_in(path):
    """Read the points from a TOML file. Raises Usage."""
    try:
        with open(path, "rb") as file:
            content = tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Usage(f"--points: {path} cannot be read: {error}") from None
    rules = content.pop("rules", {})
    numbers = {name: content.pop(name) for name in ("default", "kept") if name in content}
    partial = content.pop("partial", False)
    known = {check.rule for lesson in LESSONS for check in checks_of(lesson)}
    for name in content:
        raise Usage(f"--points: {path}: unknown setting {name!r}; there are default, kept, partial and [rules]")
    if not isinstance(partial, bool) or not isinstance(rules, dict):
        raise Usage(f"--points: {path}: partial is true or false, [rules] a table")
    for name, value in (numbers | rules).items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 10**6:
            raise Usage(f"--points: {path}: {name} = {value!r} is no number of points")
        if name in rules and name not in known:
            raise Usage(f"--points: {path}: there is no rule {name!r}")
    return Scale(rules, partial=partial, **numbers)


def jobs_of(option):
    """How many submissions are to be judged at the same time, from -n. Raises Usage."""
    given = getattr(option, "numprocesses", None)
    if given in ("auto", "logical"):
        return os.cpu_count() or 1
    try:
        number = int(given or 1)
    except ValueError:
        number = -1
    if number < 0:
        raise Usage(f"-n: {given} is no number of processes")
    return max(1, number)


def grade(option):
    """Judge a class as the options of pytest ask; return the exit code. Raises Usage."""
    folder, out = Path(option.class_folder), Path(option.report or "")
    try:
        asked = sorted({lesson_named(name) for name in option.lesson})
    except ValueError as error:
        raise Usage(f"--lesson: {error}") from None
    if not folder.is_dir():
        raise Usage(f"--class: there is no folder {folder}")
    if option.submission or option.json:
        raise Usage("--class: cannot be given together with --submission or --json; OUT/results holds the verdict files")
    if option.keyword or option.markexpr:
        raise Usage("--class: judges by all checks of a lesson; -k and -m cannot choose among them")
    if not option.report:
        raise Usage("--class: say with --report OUT where the reports are to go")
    one, other = out.resolve(), folder.resolve()
    if one.is_relative_to(other) or other.is_relative_to(one) or out.exists() and not out.is_dir():
        raise Usage(f"--report: {out} cannot be used: it must be a folder outside {folder}, and {folder} must lie outside of it")
    if why_not := reports.taken(out):
        raise Usage(f"--report: {why_not}")
    if any((folder / lesson).exists() for lesson in LESSONS):
        raise Usage(f"--class: {folder} is one submission, it holds lessons itself; use --submission, or name the folder above")
    handed = find(folder)
    if not handed:
        raise Usage(f"--class: {folder} holds no submission, neither a folder nor a zip or tar.gz")
    scale, jobs = scale_in(option.points) if option.points else Scale(), jobs_of(option)
    outputs = platforms.outputs(option, handed, out, scale, Usage)
    try:
        _, warning = sandbox.wanted(option.sandbox or "auto")
        (out / RECORDS).mkdir(parents=True, exist_ok=True)
    except RuntimeError as error:
        raise Usage(str(error)) from None
    except OSError as error:
        raise Usage(f"--report: {out} cannot be made: {error.strerror}") from None
    return run(Grader(handed, out, asked, option.sandbox or "auto"), out, scale, jobs, option.dask, outputs, warning)


def run(grader, out, scale, jobs, dask, outputs, warning):
    """Judge, and report whatever came out, also when interrupted: exit code 2, then."""
    line = Line()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: who is told to end writes the reports, too
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # a submission's name may have bytes that are no text
    if warning:
        print(warning)
    grader.tell = line.shows
    grader.on_change = lambda result: as_it_goes(outputs, result, scale)
    todo, interrupted = grader.find_finished(), False
    print(f"{len(grader.handed)} submissions, {len(grader.handed) - len(todo)} of them judged before and not changed")
    try:
        if todo and dask:
            grader.on_dask(todo, dask)
        elif todo:
            grader.here(todo, jobs)
    except KeyboardInterrupt:
        interrupted = True
    except ImportError:
        raise Usage("--dask: needs the package distributed: pip install -e '.[dask]'") from None
    except OSError as error:
        if not dask:
            raise
        raise Usage(f"--dask: no scheduler at {dask}: {error}") from None
    line.ends()
    results = reports.whole([grader.results.get(name) or no_result(name, "") for name in grader.handed], scale)
    failed = grader.failed + reports.write_all(results, out, f"Chat Lab: {len(results)} submissions")
    for output in outputs:
        try:
            output(results)
        except OSError as error:
            failed.append(f"{output.path}: {error.strerror or error}")
    rows = reports.rows(results)
    print(f"{sum(row['passed'] == 'yes' for row in rows)} of {len(rows)} passed; {out / 'index.html'}, {out / 'grades.csv'}, {out / 'feedback'}")
    for result in results:
        if result["broke"]:
            print(f"look at {result['submission']}: {result['broke']}")
    if failed:
        print(f"{len(failed)} files could not be written; when that is mended, the same command goes on from here. The first is {failed[0]}")
    if interrupted:
        print("interrupted; the same command goes on from here")
        return 2
    return 0 if not failed and all(row["passed"] == "yes" for row in rows) else 1


def as_it_goes(outputs, result, scale):
    """Write what is wanted before the end. What cannot be written just now may be later, and is tried again at the end."""
    for output in outputs:
        if output.as_it_goes:
            with contextlib.suppress(OSError):
                output(reports.whole([result], scale))


class Line:
    """The line that says how far it is: one that changes in a terminal, else a new one now and then."""

    def __init__(self):
        self.terminal, self.open = sys.stdout.isatty(), False

    def shows(self, text):
        if self.terminal:
            print(f"\r\x1b[K{text}", end="", flush=True)
            self.open = True
        else:
            print(text, flush=True)

    def ends(self):
        if self.open:
            print()
