"""pytest's side of the kit: options, the fixtures, the order of the lessons, the board at the end."""

import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

import pytest
from lab import words
from lab.course import LESSONS, Run, checks_of, lesson_named, order
from lab.server import MOST_DEADLINES, Server
from lab.verdict import ERROR, FAILED, PASSED, UNKNOWN, WAITING, Failure, LabError, NotStarted, Unknown

HERE = Path(__file__).parent
RUN, BEGAN = pytest.StashKey(), pytest.StashKey()
LETTERS = {PASSED: ".", FAILED: "F", WAITING: "w", UNKNOWN: "?", ERROR: "E"}


def pytest_addoption(parser):
    group = parser.getgroup("chat lab")
    group.addoption("--lesson", action="append", default=[], metavar="NAME",
                    help="check this lesson alone: 5, 05, broadcast or 05_broadcast; may be given several times")
    group.addoption("--submission", metavar="DIR", help="check another folder that looks like `lessons`, all lessons that it holds")
    group.addoption("--json", metavar="FILE", help="write the verdict file")


def pytest_configure(config):
    config.stash[BEGAN] = time.monotonic()
    given = config.option.submission
    folder = Path(given) if given is not None else HERE.parent / "lessons"
    try:
        asked = sorted({lesson_named(name) for name in config.option.lesson})
    except ValueError as error:
        raise pytest.UsageError(f"--lesson: {error}") from None
    if not folder.is_dir():
        raise pytest.UsageError(f"--submission: there is no folder {folder}")
    run = Run(folder, [], course=given is None and not asked)
    run.asked = asked or [lesson for lesson in LESSONS if given is None or run.submission.holds(lesson)]
    if not run.asked:
        raise pytest.UsageError(f"--submission: {folder} holds none of the lessons ({', '.join(LESSONS)})")
    config.stash[RUN] = run
    if config.option.json and (os.path.isdir(config.option.json) or not os.path.isdir(os.path.dirname(config.option.json) or ".")):
        raise pytest.UsageError(f"--json: cannot write {config.option.json}")


# ------------------------------------------------------------------ what is run, and in which order

def lesson_of(item):
    """The lesson that this item checks, or None for what is no check of a lesson."""
    name = item.path.stem.removeprefix("test_")
    return name if item.path.parent == HERE and name in LESSONS else None


def pytest_collection_modifyitems(config, items):
    run = config.stash[RUN]
    mine = [item for item in items if lesson_of(item) in run.asked]
    others = [item for item in items if lesson_of(item) is None]
    mine.sort(key=lambda item: (lesson_of(item), order(lesson_of(item), item.function)))
    items[:] = mine + others
    add_lessons(run, {lesson_of(item) for item in mine})


def add_lessons(run, lessons):
    run.lessons = sorted({*run.lessons, *lessons})
    for lesson in run.lessons:
        if lesson not in run.checks:
            run.checks[lesson], run.deadlines[lesson] = checks_of(lesson), 0


def pytest_collection_finish(session):
    config, run = session.config, session.config.stash[RUN]
    if run.lessons:
        # The summary below says it better than tracebacks of ours.
        if config.option.tbstyle == "auto":
            config.option.tbstyle = "no"
        config.option.reportchars = config.option.reportchars.replace("f", "").replace("E", "")
        write_verdicts(config)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """With -n a lesson stays on one worker, in order; the student's run, in which lessons wait for each other, too."""
    from xdist.scheduler import LoadScopeScheduling

    class ByLesson(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.split("::")[0]
            return "course" if config.stash[RUN].course and "selftest" not in file else (
                nodeid if "selftest" in file else file)

    return ByLesson(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node, ids):
    files = {Path(nodeid.split("::")[0]) for nodeid in ids}
    add_lessons(node.config.stash[RUN], {path.stem.removeprefix("test_") for path in files if path.stem.removeprefix("test_") in LESSONS})


# ------------------------------------------------------------------ fixtures

@pytest.fixture
def server(request):
    """The student's server of this lesson, started; whatever happens, nothing of it is left afterwards."""
    run, lesson = request.config.stash[RUN], lesson_of(request.node)
    server = Server(run.submission.files(lesson), lesson, run.submission.problem(lesson, "server.py"))
    request.node.server = server
    yield server
    run.deadlines[lesson] += server.deadlines
    server.stop()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    lesson = lesson_of(item)
    if lesson:
        reason = item.config.stash[RUN].reason_to_wait(lesson, item.function, MOST_DEADLINES)
        if reason:
            pytest.skip(reason)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Start the server as the first step of the check itself, so that a failure to start is the check's failure."""
    if "server" in pyfuncitem.funcargs and lesson_of(pyfuncitem):
        pyfuncitem.funcargs["server"].start()


# ------------------------------------------------------------------ verdicts

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    lesson = lesson_of(item)
    if not lesson:
        return
    report, run = outcome.get_result(), item.config.stash[RUN]
    check = run.find(lesson, item.function.__name__)
    error = call.excinfo.value if call.excinfo else None
    if call.when == "teardown" and error is None or call.when == "setup" and error is None:
        return
    row = vars(check).copy()
    server = getattr(item, "server", None)
    row["seconds"] = round(call.duration, 3)
    row["transcript"] = server.story.lines() if server else []
    if error is None:
        row |= {"verdict": PASSED, "message": "", "transcript": []}
    elif isinstance(error, Failure):
        row |= {"verdict": FAILED, "message": str(error.message), "should": error.should, "where": error.where,
                "detail": error.detail, "hint": error.hint or check.hint}
        if isinstance(error, NotStarted):
            run.not_started[lesson] = check
    elif isinstance(error, Unknown):
        row |= {"verdict": UNKNOWN, "message": str(error)}
    elif call.when == "setup" and isinstance(error, pytest.skip.Exception):
        row |= {"verdict": WAITING, "message": error.msg, "transcript": []}
    elif isinstance(error, KeyboardInterrupt | pytest.exit.Exception):
        return
    else:
        what = str(error) if isinstance(error, LabError) else f"{type(error).__name__}: {error}"
        row |= {"verdict": ERROR, "message": f"the kit broke: {what}", "detail": [("Traceback", str(report.longrepr).splitlines()[-30:])]}
    if report.failed:
        report.longrepr = "\n".join([f"{row['rule']} {row['title']}", f"{row['verdict']}: {row['message']}",
                                     *(f"{spot['file']}:{spot['line']} {spot['what']}" for spot in row["where"])])
    report.lab = {"lesson": lesson, "row": row}


def pytest_runtest_logreport(report):
    if hasattr(report, "lab"):
        config = pytest_runtest_logreport.config
        config.stash[RUN].note(report.lab["lesson"], report.lab["row"])
        write_verdicts(config)


def pytest_sessionstart(session):
    pytest_runtest_logreport.config = session.config


def pytest_report_teststatus(report):
    if hasattr(report, "lab"):
        verdict = report.lab["row"]["verdict"]
        return verdict, LETTERS[verdict], verdict.upper()
    return None


def write_verdicts(config):
    """Write the verdict file anew, whole or not at all; what was not run yet stands in it as waiting."""
    target = config.option.json
    if not target or hasattr(config, "workerinput"):
        return
    content = config.stash[RUN].as_file(platform.python_version(), time.monotonic() - config.stash[BEGAN])
    handle, name = tempfile.mkstemp(dir=os.path.dirname(target) or ".", prefix=".verdicts-")
    with open(handle, "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=1)
    os.replace(name, target)


def pytest_sessionfinish(session):
    if session.config.stash[RUN].lessons:
        write_verdicts(session.config)


def pytest_terminal_summary(terminalreporter):
    run = terminalreporter.config.stash[RUN]
    if not run.lessons:
        return
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    for text, style in words.summary(run):
        terminalreporter.write_line(text.encode(encoding, "replace").decode(encoding),
                                    **dict.fromkeys(style.split(), True))
