"""Run a lesson's checks and say what came out: the same with pytest around it and without."""

import contextlib
import time
import traceback

from .server import MOST_DEADLINES, Server
from .verdict import ERROR, FAILED, PASSED, UNKNOWN, WAITING, Failure, LabError, NotStarted, Unknown


def server_of(run, lesson):
    """The submission's server of this lesson, not started."""
    return Server(run.submission.files(lesson), lesson, run.submission.problem(lesson, "server.py"))


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


def note(run, lesson, check, error, server, seconds):
    """Return the row of a check that has run, and keep in mind what it means for the others."""
    row = verdict_on(error, check) | {"name": check.name, "seconds": round(seconds, 3), "transcript": []}
    if row["verdict"] != PASSED and server:
        row["transcript"] = server.story.lines()
    if isinstance(error, NotStarted):
        run.not_started[lesson] = check
    return row


def judge(run, lesson):
    """Run all checks of a lesson, without pytest. The verdicts are in run.checks then."""
    for check in run.checks[lesson]:
        reason = run.reason_to_wait(lesson, check.name, MOST_DEADLINES)
        if reason:
            run.note(lesson, {"name": check.name, "verdict": WAITING, "message": reason})
            continue
        server, error, began = server_of(run, lesson), None, time.monotonic()
        try:
            with contextlib.ExitStack() as stack:
                stack.callback(server.stop)
                server.start()
                check.function(server)
        except Exception as caught:
            error = caught
        run.deadlines[lesson] += server.deadlines
        run.note(lesson, note(run, lesson, check, error, server, time.monotonic() - began))
