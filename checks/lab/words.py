"""From verdicts to what a person reads in the terminal."""

import os
import re
import textwrap

from .evidence import line_at
from .verdict import ERROR, FAILED, PASSED, UNKNOWN, WAITING, points

WIDTH = 92
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
MARKS = {PASSED: ("ok", "green"), FAILED: ("FAILED", "red"), WAITING: ("waiting", "light"),
         UNKNOWN: ("unknown", "yellow"), ERROR: ("ERROR", "red")}
APOLOGY = "This is a fault of the kit, not of your program; please report it with what stands above."


def full(run, lesson, check):
    """Everything about one check that did not pass, as (text, style) lines."""
    style = MARKS[check.verdict][1]
    out = [("", ""), (f"{lesson}, rule {check.rule}: {MARKS[check.verdict][0]}", f"{style} bold"),
           *((line, "bold") for line in wrapped(check.title)), ("", "")]
    if check.should:
        out += block("What should be", wrapped(check.should))
    out += block("What was", wrapped(check.message))
    if check.where:
        out += block("Where to look", looks(run, lesson, check.where))
    if check.hint and check.verdict == FAILED:
        out += block("Hint", wrapped(check.hint))
    if check.transcript:
        story = list(check.transcript)
        if check.verdict == FAILED:
            story[-1] += "   <-- up to here"
        out += block("What happened", story)
    for title, lines in check.detail:
        out += block(title, [part for line in lines for part in (wrapped(line) if " " not in line[:1] else [line])])
    if check.verdict == ERROR:
        out += block("Sorry", wrapped(APOLOGY))
    number = lesson[:2]
    again = f"pytest checks --lesson {number}"
    if run.is_named:
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
        out.append(f"{shown_path(run.submission.path / lesson / spot['file'])}:{spot['line']}   {spot['what']}")
        source = line_at(run.submission.files(lesson), spot["file"], spot["line"])
        if source:
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


def plain(lines):
    """These (text, style) lines with control characters as escapes: a program must not write on the reader's terminal by what it raises or is called."""
    return [(CONTROL.sub(lambda found: repr(found[0])[1:-1], text), style) for text, style in lines]


def summary(run):
    """The first failure in full, the others of its lesson in a line each, and the board."""
    out = []
    first = run.first_failure()
    if first:
        lesson, check = first
        out += full(run, lesson, check)
        for lesson in run.lessons:
            if started(run, lesson):
                out += rest(lesson, [other for other in run.chosen(lesson) if other is not check and other.verdict != PASSED])
        out.append(("", ""))
    return plain(out + board(run))


def lesson_in_full(run, lesson):
    """A lesson's first failure in full, its others in a line each."""
    checks = [check for check in run.chosen(lesson) if check.verdict != PASSED]
    first = next((check for check in checks if check.verdict != WAITING), None)
    return plain([*(full(run, lesson, first) if first else ()), *rest(lesson, [check for check in checks if check is not first])])


def rest(lesson, checks):
    """Checks that did not pass: a line for each that was run, and one for all that wait for the same."""
    out, waiting = [], {}
    for check in checks:
        if check.verdict == WAITING:
            waiting.setdefault(check.message, []).append(check.rule)
        else:
            out.append(one_line(lesson, check.verdict, f"{check.rule}  {check.title}: {check.message}"))
    for reason, rules in waiting.items():
        count = "a check" if len(rules) == 1 else f"{len(rules)} checks"
        out.append(one_line(lesson, WAITING, f"{count} of {', '.join(dict.fromkeys(rules))}: {reason}"))
    return out


def one_line(lesson, verdict, text):
    mark, style = MARKS[verdict]
    text = f"{lesson[:2]}  {mark:<8} {text}"
    return text if len(text) <= 3 * WIDTH else text[:3 * WIDTH - 4] + " ...", style


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
        elif len(run.chosen(lesson)) < len(checks):
            passed = sum(check.verdict == PASSED for check in run.chosen(lesson))
            out.append((f"  [-] {lesson:<16} passed {passed} of the {len(run.chosen(lesson))} that were chosen", "light"))
        elif started(run, lesson):
            broken = next(check for check in checks if check.verdict != PASSED)
            out.append((f"  [>] {lesson:<16} {got} of {most} points, first: {broken.rule} {broken.title}", "yellow"))
        else:
            out.append((f"  [ ] {lesson}", "light"))
    if run.missing:
        out.append((f"  not in this folder: {', '.join(run.missing)}", "yellow"))
    return out
