"""Run a lesson's checks and say what came out: the same with pytest around it and without."""

import contextlib
import time
import traceback

from .server import MOST_DEADLINES, Server
from .terminal import Terminal
from .verdict import ERROR, FAILED, PASSED, UNKNOWN, WAITING, Failure, LabError, NotStarted, Unknown


# What a check may take, by its parameters' names, from the program that it is about.
PARTS = {"server": lambda server: server, "client": lambda terminal: terminal, "room": lambda terminal: terminal.room}


def program_of(run, lesson, check):
    """The submission's program that this check is about, not started."""
    work = run.submission.files(lesson), lesson, run.submission.problem(lesson, check.program)
    return Server(*work, check.is_watched) if check.program == "server.py" else Terminal(*work)


def begin(check, program):
    """A server is started before its check; a client by the check itself, which types."""
    if check.program == "server.py":
        program.start()


def verdict_on(error, check):
    """What it means that a check ended with this error, or None: fields of its row."""
    if error is None:
        return {"verdict": PASSED, "message": ""}
    if isinstance(error, Failure):
        return {"verdict": FAILED, "message": error.message, "should": error.should, "where": error.where,
                "detail": error.detail, "hint": check.hint if error.hint is None else error.hint}
    if isinstance(error, Unknown):
        return {"verdict": UNKNOWN, "message": str(error)}
    what = str(error) if isinstance(error, LabError) else f"{type(error).__name__}: {error}"
    return {"verdict": ERROR, "message": f"the kit broke: {what}",
            "detail": [("Traceback", "".join(traceback.format_exception(error)).splitlines()[-30:])]}


def note(run, lesson, check, error, program, seconds):
    """Return the row of a check that has run, and keep in mind what it means for the others."""
    row = verdict_on(error, check) | {"name": check.name, "seconds": round(seconds, 3), "transcript": []}
    if program:
        run.deadlines[lesson, check.program] += program.deadlines
        if row["verdict"] != PASSED:
            row["transcript"] = program.story.lines()
    if isinstance(error, NotStarted):
        run.not_started[lesson, check.program] = check
    return row


def judge(run, lesson):
    """Run all checks of a lesson, without pytest. The verdicts are in run.checks then."""
    for check in run.checks[lesson]:
        reason = run.reason_to_wait(lesson, check.name, MOST_DEADLINES)
        if reason:
            run.note(lesson, {"name": check.name, "verdict": WAITING, "message": reason})
            continue
        program, error, began = None, None, time.monotonic()
        try:
            with contextlib.ExitStack() as stack:
                program = program_of(run, lesson, check)
                stack.callback(program.stop)
                begin(check, program)
                check.function(*(PARTS[name](program) for name in check.takes))
        except Exception as caught:
            error = caught
        run.note(lesson, note(run, lesson, check, error, program, time.monotonic() - began))
