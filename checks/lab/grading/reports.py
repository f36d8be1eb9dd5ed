"""What comes out of grading a class: grades.csv, verdict files, feedback texts, and the pages.

All of it is made from the results alone, so it can be made again, and in part.
"""

import contextlib
import csv
import io
import json
import os
from collections import Counter

from ..verdict import ERROR, FAILED, PASSED, ROW, UNKNOWN, WAITING, Check, Scale, points, tidy
from ..writing import write
from . import page
from .grader import RECORDS, file_name
from .judging import solutions

COLUMNS = ["submission", "lesson", "points", "max_points", "passed", "first_broken", "title", "line", "undecided",
           *(f"{verdict}_checks" for verdict in (PASSED, FAILED, WAITING, UNKNOWN, ERROR)), "note"]
SPOT = ("file", "line", "what")
FOLDERS, FILES = ("results", "feedback", "pages"), ("grades.csv", "index.html")  # in the folder of the reports
WRITTEN = f"{RECORDS}/written"  # names of what is in FOLDERS and was written here: nothing else is ever removed
MARKS = {True: "[x]", False: "[>]"}


def whole(results, scale=Scale()):
    """Return the results with what is known when all are there: points, and notes for the instructor's eye."""
    alike, reference = same_looks(results), solutions()
    out = []
    for result in results:
        name, lessons = result["submission"], []
        for lesson in result["lessons"]:
            checks = checks_of(lesson)
            got, most = points(lesson["lesson"], checks, scale)
            looks = result["looks"].get(lesson["lesson"])
            lessons.append(lesson | {
                "points": got, "max_points": most, "passed": all(check.verdict == PASSED for check in checks),
                "undecided": undecided(lesson["lesson"], checks, scale), "rules": by_rule(lesson, got, scale),
                "notes": notes(name, looks, reference.get(lesson["lesson"]), alike.get((lesson["lesson"], key_of(looks)), ()))})
        out.append(result | {"lessons": lessons})
    return out


def checks_of(lesson):
    """The checks of a result's lesson, as far as points depend on them."""
    return [Check(check["rule"], check["title"], check["verdict"]) for check in lesson["checks"]]


def undecided(lesson, checks, scale):
    """The points of the lesson's own rules that the kit could not decide: neither given nor refused."""
    rules = {check.rule for check in checks if check.verdict in (UNKNOWN, ERROR) and check.rule.startswith(lesson[:2])}
    broken = {check.rule for check in checks if check.verdict == FAILED}
    return tidy(sum(map(scale.worth, rules - broken)))


def by_rule(lesson, got, scale):
    """The lesson's rules with their points, which make the lesson's when summed up; those of earlier lessons bear none."""
    rules = {}
    for check in lesson["checks"]:
        rules.setdefault(check["rule"], []).append(check)
    out = []
    for rule, checks in rules.items():
        verdicts = [check["verdict"] for check in checks]
        counts = rule[:2] == lesson["lesson"][:2] and ERROR not in verdicts
        said = [f"{check['verdict']}: {check['title']}" + (f": {check['message']}" if check["message"] else "")
                for check in checks if check["verdict"] != PASSED]
        out.append({"rule": rule, "title": checks[0]["title"], "verdict": page.worst(verdicts), "said": said,
                    "points": scale.earned(rule, verdicts) if counts else 0, "max_points": scale.worth(rule) if counts else 0})
    lost = sum(rule["points"] for rule in out) - got
    for rule in reversed(out):  # what broken rules of earlier lessons take away
        taken = min(lost, rule["points"])
        lost -= taken
        rule["points"] = tidy(rule["points"] - taken)
    return out


# ------------------------------------------------------------------ what an instructor may want to look at

def key_of(looks):
    return tuple(sorted((looks or {}).items()))


def same_looks(results):
    """Who handed in the same, white space and comments apart: {(lesson, looks): [name]}."""
    found = {}
    for result in results:
        for lesson, looks in result["looks"].items():
            if looks:
                found.setdefault((lesson, key_of(looks)), []).append(result["submission"])
    return found


def notes(name, looks, reference, same):
    """What is to be said of a lesson's files, beside the verdict."""
    found = []
    if looks == {}:
        found.append("the starter, not changed")
    if looks and reference and reference.items() <= looks.items():
        found.append("the same as the reference solution")
    others = [other for other in same if other != name]
    if others:
        found.append(f"the same as {', '.join(others[:5])}{' and others' if len(others) > 5 else ''}")
    return found


# ------------------------------------------------------------------ rows

def rows(results):
    """One row a submission and lesson, as dictionaries."""
    out = []
    for result in results:
        about = ([f"the kit broke: {result['broke']}"] if result["broke"] else []) + result["left_out"]
        for lesson in result["lessons"]:
            verdicts = Counter(check["verdict"] for check in lesson["checks"])
            first = first_broken(lesson)
            out.append({"submission": result["submission"], "lesson": lesson["lesson"], "points": lesson["points"],
                        "max_points": lesson["max_points"], "passed": "yes" if lesson["passed"] else "no", "undecided": lesson["undecided"],
                        "first_broken": first.get("rule", ""), "title": first.get("title", ""), "line": line_of(first),
                        **{f"{verdict}_checks": verdicts[verdict] for verdict in (PASSED, FAILED, WAITING, UNKNOWN, ERROR)},
                        "note": "; ".join(lesson["notes"] + about)})
        if not result["lessons"]:
            out.append(dict.fromkeys(COLUMNS, "") | {"submission": result["submission"], "passed": "no", "note": "; ".join(about) or "not judged yet"})
    return out


def first_broken(lesson):
    """The lesson's first check that was seen broken, else the first that did not pass, or {}."""
    bad = [check for check in lesson["checks"] if check["verdict"] != PASSED]
    return next((check for check in bad if check["verdict"] == FAILED), bad[0] if bad else {})


def line_of(check):
    return next((f"{spot['file']}:{spot['line']}" for spot in check.get("where") or ()), "")


def as_csv(columns, table):
    """A table as CSV text; no cell of it is a formula to a spreadsheet."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for row in table:
        writer.writerow({name: as_cell(value) if isinstance(value, str) else value for name, value in row.items()})
    return text.getvalue()


def as_cell(text):
    """The text with nothing that a spreadsheet may take for a formula, whatever white space it strips first, or for the end of the row, as a bare \\r."""
    is_formula = text.startswith(("\t", "\r", "\n")) or text.lstrip().startswith(("=", "+", "-", "@"))
    return "'" * is_formula + text.replace("\r", "\\r")


# ------------------------------------------------------------------ files

def verdict_file(result):
    """The verdict file's content, chat-lab/result/v1, of a result; with the notes, if there are any."""
    content = {name: result[name] for name in ("schema", "submission", "python", "seconds")}
    content["lessons"] = [{name: lesson[name] for name in ("lesson", "passed", "points", "max_points", "notes")}
                          | {"checks": [short(check) for check in lesson["checks"]]} for lesson in result["lessons"]]
    return content | ({"left_out": result["left_out"]} if result["left_out"] else {}) | ({"broke": result["broke"]} if result["broke"] else {})


def short(check):
    row = {name: check[name] for name in ROW} | {"where": [{name: spot[name] for name in SPOT} for spot in check["where"] or ()]}
    return row | {name: row[name] or empty for name, empty in (("message", ""), ("hint", ""), ("transcript", []), ("seconds", 0.0))}


def feedback(result):
    """What a student is told of the work, as text."""
    lines = [f"Chat Lab: {result['submission']}", ""]
    for lesson in result["lessons"]:
        first = first_broken(lesson)
        mark, rest = MARKS[lesson["passed"]], f", first: {first['rule']} {first['title']}" if first else ", passed"
        lines.append(f"  {mark} {lesson['lesson']:<16} {lesson['points']} of {lesson['max_points']} points{rest}")
        if lesson["undecided"]:
            lines.append(f"      {lesson['undecided']} more could not be decided; your instructor will look at it")
    if result["broke"]:
        lines += ["", "The checks broke down before they were through; your instructor will look at it."]
    if result["left_out"]:
        lines += ["", "Not taken of what was handed in:", *(f"    {line}" for line in result["left_out"])]
    return "\n".join([*lines, *(lesson["text"] for lesson in result["lessons"] if lesson["text"]), ""])


def taken(out):
    """Why the reports cannot go into the folder `out`, or None: what is there must have been written by an earlier run."""
    for name in (RECORDS, *FOLDERS):
        if os.path.islink(out / name) or os.path.exists(out / name) and not os.path.isdir(out / name):
            return f"{out / name} is in the way: it must be a folder, and no link"
    there = [] if os.path.isdir(out / RECORDS) else [name for name in (*FOLDERS, *FILES) if os.path.lexists(out / name)]
    return f"{out / there[0]} is there, and was not written by grading a class; name a folder of its own" if there else None


def write_all(results, out, title):
    """Write everything into the folder `out`; of what an earlier run has written there, remove what belongs to submissions that are no more.

    Returns what could not be written, as lines: the others are written all the same.
    """
    makers = (("results", ".json", lambda result: json.dumps(verdict_file(result), indent=1, ensure_ascii=False)),
              ("feedback", ".txt", feedback), ("pages", ".html", page.report_page))
    files = {f"{folder}/{file_name(result['submission'], ending)}": (make, result) for folder, ending, make in makers for result in results}
    before = written_before(out)
    failed = [write_one(out / "grades.csv", lambda results: as_csv(COLUMNS, rows(results)), results),
              write_one(out / "index.html", lambda results: page.class_page(results, title), results),
              write_one(out / WRITTEN, json.dumps, sorted(before | set(files))),
              *(write_one(out / name, make, result) for name, (make, result) in files.items())]
    for name in before - set(files):
        with contextlib.suppress(OSError):
            (out / name).unlink()
    failed.append(write_one(out / WRITTEN, json.dumps, sorted(files)))
    return [line for line in failed if line]


def written_before(out):
    """The names of what an earlier run has written into the folders."""
    try:
        names = json.loads((out / WRITTEN).read_text(encoding="utf-8"))
        return {name for name in names if name.count("/") == 1 and name.split("/")[0] in FOLDERS}
    except (OSError, ValueError, TypeError, AttributeError):
        return set()


def write_one(path, make, what):
    """Write a file; return why it could not be written, as a line, or None."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, make(what))
    except OSError as error:
        return f"{path}: {error.strerror or error}"
    return None
