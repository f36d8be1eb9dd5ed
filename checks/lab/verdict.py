"""What comes out of a check: five verdicts, and the exceptions that lead to them."""

from dataclasses import dataclass, field

PASSED, FAILED, WAITING, UNKNOWN, ERROR = "passed", "failed", "waiting", "unknown", "error"


class Failure(Exception):
    """The rule was seen broken.

    message: one sentence, what was; should: what should be; where: the student's
    lines that the evidence points to, the likeliest first, as
    {"file", "line", "what"}; detail: titled blocks for the reader, [(title, [line])];
    hint: what to do, if the failure itself knows it; "" if the check's own hint would
    mislead. is_explained: is the first of `where` the cause itself?
    """

    is_explained = False

    def __init__(self, message, should="", where=(), detail=(), hint=None):
        super().__init__(message)
        self.message, self.should, self.hint = message, should, hint
        self.where, self.detail = list(where), list(detail)


class NotStarted(Failure):
    """The program never came to listen, or to connect: nothing else of it can be checked."""


class Unknown(Exception):
    """The kit could not tell whether the rule is kept, and says why."""


class LabError(Exception):
    """The kit itself broke; never counted against the student."""

ROW = ("rule", "title", "verdict", "message", "hint", "where", "transcript", "seconds")  # of a check, in the verdict file


@dataclass
class Check:
    """One check of a lesson and what came out of it; the verdict file's row."""

    rule: str
    title: str
    verdict: str = WAITING
    message: str = "not run"
    hint: str = ""
    where: list = field(default_factory=list)
    transcript: list = field(default_factory=list)
    seconds: float = 0.0
    # for the reader, not for the file
    name: str = ""
    should: str = ""
    detail: list = field(default_factory=list)
    is_basis: bool = False
    stands_alone: bool = False
    is_watched: bool = True
    waits_for: tuple = ()
    function: object = None
    takes: tuple = ()  # the names of the function's parameters: server; or client, with or without room

    @property
    def program(self):
        """The student's program that this check is about."""
        return "client.py" if "client" in self.takes else "server.py"

    def row(self):
        """This check as the verdict file has it."""
        row = {name: getattr(self, name) for name in ROW}
        if self.verdict == PASSED:
            row["hint"] = ""
        return row


@dataclass
class Scale:
    """What is worth how much: an instructor may set it."""

    rules: dict = field(default_factory=dict)  # rule -> points
    default: float = 1  # points of a rule that is not named
    kept: float = 1  # points that each broken rule of an earlier lesson takes away
    partial: bool = False  # is a rule worth the share of its checks that passed, or all or nothing?

    def worth(self, rule):
        return self.rules.get(rule, self.default)

    def earned(self, rule, verdicts):
        share = sum(verdict == PASSED for verdict in verdicts) / len(verdicts)
        return self.worth(rule) * (share if self.partial else share == 1)


def points(lesson, checks, scale=Scale()):
    """Return (points, max_points) of a lesson's checks.

    Each of the lesson's own rules is worth one point, or what the scale says. A broken
    rule of an earlier lesson takes one away, so that full points and a passed lesson
    are the same. A rule that the kit could not check for a fault of its own is not counted.
    """
    own, kept = {}, {}
    for check in checks:
        rules = own if check.rule.split(".")[0] == lesson.split("_")[0] else kept
        rules.setdefault(check.rule, []).append(check.verdict)
    counted = {rule: verdicts for rule, verdicts in own.items() if ERROR not in verdicts}
    got = sum(scale.earned(rule, verdicts) for rule, verdicts in counted.items())
    lost = scale.kept * sum(not set(verdicts) <= {PASSED, ERROR} for verdicts in kept.values())
    return tidy(max(0, got - lost)), tidy(sum(map(scale.worth, counted)))


def tidy(number):
    """Points as people write them: 3, not 3.0."""
    return int(number) if number == int(number) else round(number, 2)
