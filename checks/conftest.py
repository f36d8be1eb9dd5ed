"""pytest's side of the kit: options, the fixture, the order of the checks, the board at the end."""

import contextlib
import json
import os
import platform
import signal
import sys
import time
from pathlib import Path

import chat_lab
import pytest
from lab import sandbox, words
from lab.course import LESSONS, Run, lesson_named, order
from lab.judge import PARTS, begin, note, program_of
from lab.processes import allow_open_files
from lab.server import MOST_DEADLINES
from lab.verdict import ERROR, FAILED, PASSED, UNKNOWN, WAITING
from lab.writing import write

HERE = Path(__file__).parent
RUN = pytest.StashKey()
LETTERS = {PASSED: ".", FAILED: "F", WAITING: "w", UNKNOWN: "?", ERROR: "E"}


def pytest_addoption(parser, pluginmanager):
    if not pluginmanager.has_plugin("chat-lab"):  # the kit is not installed
        chat_lab.pytest_addoption(parser, pluginmanager)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """What is not pytest's own business: to grade a class, and to run everything again in a sandbox."""
    option = config.option
    if option.help or option.version or hasattr(config, "workerinput"):
        return None
    if option.class_folder is not None:
        from lab.grading import command
        try:
            return command.grade(option)
        except command.Usage as error:
            raise pytest.UsageError(str(error)) from None
    for name in chat_lab.OF_CLASSES:
        if getattr(option, name):
            raise pytest.UsageError(f"--{name}: needs --class DIR")
    if sandbox.is_inside():
        signal.signal(signal.SIGINT, signal.default_int_handler)  # who started us ignores it
    elif option.sandbox in ("auto", "require"):
        try:
            protect, warning = sandbox.wanted(option.sandbox)
        except RuntimeError as error:
            raise pytest.UsageError(str(error)) from None
        if protect:
            return sandbox.run_again()
        print(warning)
    return None


def pytest_configure(config):
    allow_open_files()
    run = config.stash[RUN] = what_is_asked(config.option)
    config.pluginmanager.register(Verdicts(config, run), "chat-lab-verdicts")


def what_is_asked(option):
    """Return the Run that the options ask for. Raises pytest.UsageError, which is exit code 4."""
    folder = HERE.parent / "lessons" if option.submission is None else Path(option.submission)
    try:
        lessons = sorted({lesson_named(name) for name in option.lesson})
    except ValueError as error:
        raise pytest.UsageError(f"--lesson: {error}") from None
    if not folder.is_dir():
        raise pytest.UsageError(f"--submission: there is no folder {folder}")
    if option.json and (os.path.isdir(option.json) or not os.path.isdir(os.path.dirname(option.json) or ".")):
        raise pytest.UsageError(f"--json: {option.json} cannot be written: not a file in a folder that exists")
    if option.report and os.path.exists(option.report) and not os.path.isdir(option.report):
        raise pytest.UsageError(f"--report: {option.report} is no folder")
    run = Run(folder, course=option.submission is None and not lessons, is_named=option.submission is not None)
    run.asked = lessons or [lesson for lesson in LESSONS if option.submission is None or run.submission.holds(lesson)]
    run.missing = [] if lessons else [lesson for lesson in LESSONS if lesson not in run.asked]
    if not run.asked:
        raise pytest.UsageError(f"--submission: {folder} holds none of the lessons ({', '.join(LESSONS)})")
    return run


# ------------------------------------------------------------------ what is run, in which order, and where

def lesson_in(path):
    """The lesson whose checks are in this file, or None."""
    name = path.stem.removeprefix("test_")
    return name if path.parent.name == HERE.name and name in LESSONS else None


def pytest_collection_modifyitems(config, items):
    run = config.stash[RUN]
    mine = [item for item in items if lesson_in(item.path) in run.asked]
    mine.sort(key=lambda item: (lesson_in(item.path), order(lesson_in(item.path), item.function)))
    items[:] = mine + [item for item in items if not lesson_in(item.path)]
    run.add(lesson_in(item.path) for item in mine)


def pytest_collection_finish(session):
    if session.items:  # those that -k and --lf have left; with -n the workers have them
        session.config.stash[RUN].choose((lesson_in(item.path), item.function.__name__) for item in session.items if lesson_in(item.path))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node, ids):
    run, names = node.config.stash[RUN], [nodeid.split("::") for nodeid in ids]
    mine = [(lesson_in(Path(file)), rest[-1]) for file, *rest in names if lesson_in(Path(file))]
    run.add(lesson for lesson, _ in mine)
    run.choose(mine)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """With -n the checks of a lesson stay together and in order; those of the course, whose lessons wait for each other, too."""
    from xdist.scheduler import LoadScopeScheduling

    class ByLesson(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.split("::")[0]
            if not lesson_in(Path(file)):
                return nodeid
            return "course" if config.stash[RUN].course else file

    return ByLesson(config, log)


# ------------------------------------------------------------------ one check

@pytest.fixture
def program(request):
    """The student's program that the check is about; whatever happens, nothing of it is left afterwards."""
    program = request.node.program = program_of(request.config.stash[RUN], lesson_in(request.node.path), check_of(request.node))
    yield program
    program.stop()


@pytest.fixture
def server(program):
    """The student's server of this lesson."""
    return PARTS["server"](program)


@pytest.fixture
def client(program):
    """The terminal of the student's client of this lesson."""
    return PARTS["client"](program)


@pytest.fixture
def room(program):
    """The server that the student's client finds."""
    return PARTS["room"](program)


def check_of(item):
    return item.config.stash[RUN].find(lesson_in(item.path), item.function.__name__)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    lesson = lesson_in(item.path)
    if lesson:
        reason = item.config.stash[RUN].reason_to_wait(lesson, item.function.__name__, MOST_DEADLINES)
        if reason:
            pytest.skip(reason)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Start the program as the first step of the check itself: one that does not start has failed it."""
    if lesson_in(pyfuncitem.path):
        begin(check_of(pyfuncitem), pyfuncitem.program)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report, lesson, error = (yield).get_result(), lesson_in(item.path), call.excinfo and call.excinfo.value
    if not lesson or isinstance(error, (KeyboardInterrupt, pytest.exit.Exception)) or not error and call.when != "call":
        return
    run = item.config.stash[RUN]
    check = run.find(lesson, item.function.__name__)
    if isinstance(error, pytest.skip.Exception):
        row = {"name": check.name, "verdict": WAITING, "message": error.msg}
    else:
        row = note(run, lesson, check, error, getattr(item, "program", None), call.duration)
    report.lab = {"lesson": lesson, "row": row}
    if report.failed:
        report.longrepr = "\n".join([f"{check.rule} {check.title}", f"{row['verdict']}: {row['message']}",
                                     *(f"{spot['file']}:{spot['line']} {spot['what']}" for spot in row.get("where", ()))])


# ------------------------------------------------------------------ all of them

class Verdicts:
    """Collects the verdicts, writes the verdict file as they come, and tells them to people."""

    def __init__(self, config, run):
        self.config, self.run = config, run
        self.began = time.monotonic()
        self.terminal = None

    def pytest_collection_finish(self):
        self.write()

    def pytest_sessionstart(self):
        self.terminal = self.config.pluginmanager.get_plugin("terminalreporter")

    def pytest_runtest_logreport(self, report):
        if hasattr(report, "lab"):
            self.run.note(report.lab["lesson"], report.lab["row"])
            with contextlib.suppress(OSError):  # what keeps it from being written just now may be over when the next check has ended
                self.write()

    def pytest_report_teststatus(self, report):
        if hasattr(report, "lab"):
            verdict = report.lab["row"]["verdict"]
            return verdict, LETTERS[verdict], verdict.upper()
        return None

    def write(self):
        """Write the verdict file anew, whole or not at all; what was not run yet stands in it as waiting."""
        target = self.config.option.json
        if not target or hasattr(self.config, "workerinput") or not self.run.lessons:
            return
        write(target, json.dumps(self.content(), ensure_ascii=False, indent=1))

    def content(self):
        return self.run.as_file(platform.python_version(), time.monotonic() - self.began)

    def write_page(self):
        """Write the page of this submission; see `report_page`."""
        from lab.grading import judging, page
        out = Path(self.config.option.report)
        out.mkdir(parents=True, exist_ok=True)
        html = page.report_page(judging.result_of(self.run, self.content()))
        write(out / "index.html", html)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session, exitstatus):
        self.write()
        if self.config.option.report and self.run.lessons and not hasattr(self.config, "workerinput"):
            self.write_page()
        if exitstatus == 0 and not self.config.option.collectonly and self.run.current():
            session.exitstatus = 1  # waiting is skipping to pytest, and no fault; here it is not passed
        if self.terminal and self.run.lessons:
            # What stands below says it better than tracebacks of ours.
            self.terminal.reportchars = ""
            if self.config.option.tbstyle == "auto":
                self.config.option.tbstyle = "no"

    def pytest_terminal_summary(self, terminalreporter):
        if self.run.lessons:
            encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
            for text, style in words.summary(self.run):
                terminalreporter.write_line(text.encode(encoding, "replace").decode(encoding), **dict.fromkeys(style.split(), True))
