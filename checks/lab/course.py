"""The course: its lessons, the checks of each, and which of them must wait."""

import collections
import importlib
import inspect
from pathlib import Path

from .submission import Submission
from .verdict import PASSED, WAITING, Check, points

CHECKS = Path(__file__).parent.parent
LESSONS = sorted(path.stem.removeprefix("test_") for path in CHECKS.glob("test_[0-9][0-9]_*.py"))


def lesson_named(name):
    """Return the lesson that `5`, `05`, `broadcast` or `05_broadcast` names. Raises ValueError."""
    for lesson in LESSONS:
        number, word = lesson.split("_", 1)
        if name in (lesson, number, word, number.lstrip("0")):
            return lesson
    raise ValueError(f"unknown lesson {name!r}; the lessons are {', '.join(LESSONS)}")


def after(*checks):
    """Mark a check that makes no sense when one of these did not pass."""
    def mark(function):
        function.waits_for = tuple(check.__name__ for check in checks)
        function.behind = max(map(rule_of, checks))
        return function
    return mark


def basis(check):
    """Mark a check without which no later one of its program makes sense."""
    check.is_basis = True
    return check


def unwatched(check):
    """Mark a check that asks for what is seen from outside, of a server with much to do: its locks and containers are not watched."""
    check.is_watched = False
    return check


def alone(check):
    """Mark a check that makes sense whatever came of the others before it."""
    check.stands_alone = True
    return check


def checks_of(lesson):
    """The lesson's checks, not run yet: its own rules first, then those that it keeps."""
    module = importlib.import_module(f"test_{lesson}")
    functions = [function for name, function in vars(module).items()
                 if name.startswith("test_") and inspect.isfunction(function)]
    return [blank(function) for function in sorted(functions, key=lambda function: order(lesson, function))]


def rule_of(function):
    return inspect.getdoc(function).partition(" ")[0]


def order(lesson, function):
    """Sorts a lesson's checks: its own rules, then the earlier ones, each rule's checks as they were written; one that waits for a later rule of the same lesson comes with that."""
    rule, behind = rule_of(function), getattr(function, "behind", "")
    return not rule.startswith(lesson[:2]), max(rule, behind) if behind[:2] == rule[:2] else rule, function.__code__.co_firstlineno


def blank(function):
    """A check's row from its docstring: the rule and title in the first line, the hint below."""
    first, _, rest = inspect.getdoc(function).partition("\n")
    rule, _, title = first.partition(" ")
    return Check(rule, title, hint=" ".join(rest.split()), name=function.__name__, function=function,
                 is_basis=getattr(function, "is_basis", False), stands_alone=getattr(function, "stands_alone", False),
                 is_watched=getattr(function, "is_watched", True), waits_for=getattr(function, "waits_for", ()),
                 takes=tuple(inspect.signature(function).parameters))


class Run:
    """What is asked for in this run, and what has come out so far."""

    def __init__(self, folder, course=False, is_named=False):
        self.submission = Submission(folder)
        self.is_named = is_named  # was this folder asked for by --submission?
        self.course = course  # lesson after lesson, up to the first that does not pass
        self.asked = []  # lessons
        self.missing = []  # lessons that the folder does not hold, and nobody asked for by name
        self.checks = {}  # lesson -> its checks, for those that are run
        self.deadlines = collections.Counter()  # (lesson, program): how many have passed
        self.not_started = {}  # (lesson, program) -> the check that found it
        self.left_out = set()  # (lesson, check's name): what -k or --lf has taken out; nothing waits for it

    @property
    def lessons(self):
        return sorted(self.checks)

    def add(self, lessons):
        """These lessons are to be run."""
        for lesson in lessons:
            if lesson not in self.checks:
                self.checks[lesson] = checks_of(lesson)

    def find(self, lesson, name):
        return next(check for check in self.checks[lesson] if check.name == name)

    def note(self, lesson, row):
        """Take in what came out of a check."""
        vars(self.find(lesson, row["name"])).update(row)

    def passed(self, lesson):
        return all(check.verdict == PASSED for check in self.checks[lesson])

    def choose(self, names):
        """Of the lessons' checks only these, (lesson, name), are run."""
        self.left_out = {(lesson, check.name) for lesson in self.lessons for check in self.checks[lesson]} - set(names)

    def chosen(self, lesson):
        """The lesson's checks that this run is about."""
        return [check for check in self.checks[lesson] if (lesson, check.name) not in self.left_out]

    def chosen_passed(self, lesson):
        return all(check.verdict == PASSED for check in self.chosen(lesson))

    def current(self):
        """The first lesson of which something chosen has not passed, or None."""
        return next((lesson for lesson in self.lessons if not self.chosen_passed(lesson)), None)

    def reason_to_wait(self, lesson, name, most_deadlines):
        """Why this check is not to be run now, or None."""
        if self.course:
            current = self.current()
            if current != lesson:
                return f"waits for lesson {current}"
        check = self.find(lesson, name)
        if (lesson, check.program) in self.not_started:
            first = self.not_started[lesson, check.program]
            return f"waits for {first.rule} {first.title}"
        for earlier in self.chosen(lesson):
            if earlier is check:
                break
            needed = earlier.name in check.waits_for or (
                earlier.is_basis and not check.stands_alone and earlier.program == check.program)
            if needed and earlier.verdict != PASSED:
                return f"waits for {earlier.rule} {earlier.title}"
        if self.deadlines[lesson, check.program] >= most_deadlines:
            return f"not run: {check.program} has kept the checker waiting {most_deadlines} times already"
        return None

    def as_file(self, python, seconds):
        """The verdict file's content."""
        return {"schema": "chat-lab/result/v1", "submission": self.submission.name, "python": python,
                "seconds": round(seconds, 3), "lessons": [self._lesson(lesson) for lesson in self.lessons]}

    def _lesson(self, lesson):
        got, most = points(lesson, self.checks[lesson])
        return {"lesson": lesson, "passed": self.passed(lesson), "points": got, "max_points": most,
                "checks": [check.row() for check in self.checks[lesson]]}

    def first_failure(self):
        """(lesson, check) of the first check that did not pass and was not merely waiting, or None."""
        return next(((lesson, check) for lesson in self.lessons for check in self.checks[lesson]
                     if check.verdict not in (PASSED, WAITING)), None)
