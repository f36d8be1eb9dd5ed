"""From verdicts to what a person reads in the terminal."""

import os
import re
import textwrap

from .verdict import ERROR, FAILED, PASSED, UNKNOWN, WAITING, points

WIDTH = 92
MARKS = {PASSED: ("ok", "green"), FAILED: ("FAILED", "red"), WAITING: ("waiting", "light"),
         UNKNOWN: ("unknown", "yellow"), ERROR: ("ERROR", "red")}
APOLOGY = "This is a fault of the kit, not of your program; please report it with what stands above."


def full(run, lesson, check):
    """Everything about one check that did not pass, as (text, style) lines."""
    style = MARKS[check.verdict][1]
    out = [("", ""), (f"{lesson}, rule {check.rule}: {MARKS[check.verdict][0]}", f"{style} bold"),
           *(((line, "bold")) for line in wrapped(check.title)), ("", "")]
    if check.should:
        out += block("What should be", wrapped(check.should))
    out += block("What was", wrapped(check.message))
    if check.transcript:
        story = list(check.transcript)
        if check.verdict == FAILED:
            story[-1] += "   <-- up to here"
        out += block("What happened", story)
    if check.where:
        out += block("Where to look", looks(run, lesson, check.where))
    for title, lines in check.detail:
        out += block(title, lines)
    if check.hint and check.verdict == FAILED:
        out += block("Hint", wrapped(check.hint))
    if check.verdict == ERROR:
        out += block("Sorry", wrapped(APOLOGY))
    number = lesson[:2]
    again = f"pytest checks --lesson {number}"
    if run.submission.name != "lessons":
        again += f" --submission {shown_path(run.submission.path)}"
    out += block("Read", [shown_path(path) for path in reading(lesson)])
    return out + block("Check again", [again])


def block(title, lines):
    return [(title, "bold"), *((f"    {line}", "") for line in lines), ("", "")]


def wrapped(text):
    return [line for part in text.splitlines() for line in textwrap.wrap(part, WIDTH - 4, break_long_words=False)]


def looks(run, lesson, where, most=4):
    """The student's lines, each with its source."""
    out = []
    for spot in where[:most]:
        path = run.submission.path / lesson / spot["file"]
        out.append(f"{shown_path(path)}:{spot['line']}   {spot['what']}")
        try:
            source = path.read_text(encoding="utf-8", errors="replace").splitlines()[spot["line"] - 1].strip()
        except (OSError, IndexError):
            continue
        out.append(f"        {source}")
    return out


def reading(lesson):
    """The lesson's task sheet and notebook, those that there are."""
    top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    paths = (os.path.join(top, "lessons", lesson, "README.md"), os.path.join(top, "notebooks", f"{lesson}.ipynb"))
    return [path for path in paths if os.path.exists(path)]


def shown_path(path):
    """A path as one would type it here."""
    try:
        short = os.path.relpath(path)
    except ValueError:  # another drive
        return str(path)
    return str(path) if short.startswith(os.pardir) else short


def summary(run):
    """The first failure in full, the others of its lesson in a line each, and the board."""
    out = []
    first = run.first_failure()
    if first:
        lesson, check = first
        out += full(run, lesson, check)
        for lesson in run.lessons:
            out += [rest_line(lesson, other) for other in run.checks[lesson]
                    if other is not check and other.verdict != PASSED and started(run, lesson)]
        out.append(("", ""))
    return out + board(run)


def rest_line(lesson, check):
    """A check that did not pass, in one line."""
    mark, style = MARKS[check.verdict]
    said = check.message if check.verdict != WAITING else re.sub(r"^(waits for \S+).*", r"\1", check.message)
    text = f"{lesson[:2]}  {mark:<8} {check.rule}  {check.title}: {said}"
    return text if len(text) <= 2 * WIDTH else text[:2 * WIDTH - 4] + " ...", style


def started(run, lesson):
    return any(check.verdict != WAITING for check in run.checks[lesson])


def board(run):
    """The whole course at a glance."""
    out = [(f"Chat Lab: {run.submission.name}", "bold")]
    for lesson in run.lessons:
        checks = run.checks[lesson]
        got, most = points(lesson, checks)
        if run.passed(lesson):
            out.append((f"  [x] {lesson:<16} passed, {got} of {most} points", "green"))
        elif started(run, lesson):
            broken = next(check for check in checks if check.verdict != PASSED)
            out.append((f"  [>] {lesson:<16} {got} of {most} points, first: {broken.rule} {broken.title}", "yellow"))
        else:
            out.append((f"  [ ] {lesson}", "light"))
    return out
