"""What other systems take: Gradescope, Classroom 50, Moodle, and whatever reads JUnit XML.

Formats: Gradescope's Autograder Specifications; Classroom 50's "The result.json
contract", classroom50/result/v1; Moodle's assignfeedback_offline, importgradeslib.php;
Jenkins' junit-10.xsd. `checks/grading.md` says how each is used.
"""

import collections
import csv
import datetime
import io
import json
import os
import re
import xml.etree.ElementTree as xml
from html import escape
from pathlib import Path

from ..verdict import ERROR, FAILED, PASSED, UNKNOWN, WAITING, tidy
from ..writing import write
from . import page, reports

OPEN = "could not be decided by the checks; your instructor will look at it"
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # see "Char" in XML 1.0
IDENTIFIER, GRADE, MAXIMUM, COMMENTS, CHANGEABLE = "Identifier", "Grade", "Maximum Grade", "Feedback comments", "Grade can be changed"
NUMBER = re.compile(r"[0-9]+([.,][0-9]+)?")
OF_A_STUDENT = ("Full name", "ID number", "Email address", "Username")
OF_A_RUN = ("CLASSROOM", "ASSIGNMENT", "SUBMISSION_TAG", "COMMIT_URL", "RELEASE_URL")


def outputs(option, handed, out, scale, usage):
    """Return what is to be written besides the reports, as functions of the results. Raises `usage`, an exception, with one line."""
    found = [ToFile(out / "junit.xml", junit)]
    if option.xmlpath:
        found.append(ToFile(Path(option.xmlpath), junit))
    for name in ("gradescope", "classroom50"):
        if getattr(option, name) and len(handed) != 1:
            raise usage(f"--{name}: is for one submission; there are {len(handed)}")
    if option.gradescope:
        found.append(ToFile(Path(option.gradescope), lambda results: as_json(gradescope(results[0])), as_it_goes=True))
    if option.classroom50:
        missing = [name for name in OF_A_RUN if not os.environ.get(name)]
        if missing:
            raise usage(f"--classroom50: its runner sets {', '.join(missing)} in the environment; they are not there")
        if scale.partial or any(value != int(value) for value in (scale.default, scale.kept, *scale.rules.values())):
            raise usage("--classroom50: takes whole points only; see --points")
        found.append(ToFile(Path(option.classroom50), lambda results: as_json(classroom50(results[0], os.environ))))
    if option.moodle:
        try:
            worksheet = Path(option.moodle).read_text(encoding="utf-8-sig")
            moodle(worksheet, [])
        except (OSError, ValueError) as error:
            raise usage(f"--moodle: {option.moodle}: {error}") from None
        found.append(ToFile(out / "moodle.csv", lambda results: moodle(worksheet, results)))
    for output in found:
        if not output.path.parent.is_dir() and output.path.parent != out:
            raise usage(f"{output.path} cannot be written: there is no such folder")
    return found


class ToFile:
    """Writes what `make` makes of the results into a file, also as it goes."""

    def __init__(self, path, make, as_it_goes=False):
        self.path, self.make, self.as_it_goes = path, make, as_it_goes

    def __call__(self, results):
        write(self.path, self.make(results))


def as_json(content):
    return json.dumps(content, indent=1)


def total(result):
    """(points, max_points) of all lessons of a result."""
    return tuple(tidy(sum(lesson[name] for lesson in result["lessons"])) for name in ("points", "max_points"))


# ------------------------------------------------------------------ Gradescope

def gradescope(result):
    """The content of Gradescope's results.json: a test for each rule."""
    tests = [{"name": f"{lesson['lesson']}: {rule['title']}", "number": rule["rule"], "score": rule["points"], "max_score": rule["max_points"],
              "status": "passed" if rule["verdict"] == PASSED else "failed", "output_format": "text", "visibility": "visible",
              "output": "\n".join(rule["said"] + ([OPEN] if rule["verdict"] in (UNKNOWN, ERROR) else []))}
             for lesson in result["lessons"] for rule in lesson["rules"]]
    return {"score": total(result)[0], "execution_time": round(result["seconds"]), "output": reports.feedback(result), "output_format": "text",
            "visibility": "visible", "stdout_visibility": "hidden", "tests": tests,
            "extra_data": {"undecided": tidy(sum(lesson["undecided"] for lesson in result["lessons"])), "broke": result["broke"]}}


# ------------------------------------------------------------------ Classroom 50

def classroom50(result, environment):
    """The content of Classroom 50's result.json, from a result and the environment that its runner gives."""
    tests = [{"test-name": f"{rule['rule']} {rule['title']}", "passed": rule["verdict"] == PASSED, "score": rule["points"], "max-score": rule["max_points"],
              "verdict": rule["verdict"], "output": "\n".join(rule["said"])} for lesson in result["lessons"] for rule in lesson["rules"]]
    points, most = total(result)
    return {"schema": "classroom50/result/v1", "classroom": environment["CLASSROOM"], "assignment": environment["ASSIGNMENT"],
            "submission": environment["SUBMISSION_TAG"], "commit": environment["COMMIT_URL"], "release": environment["RELEASE_URL"],
            "review": environment.get("REVIEW_URL") or environment["COMMIT_URL"],
            "datetime": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "score": points, "max-score": most, "tests": tests}


# ------------------------------------------------------------------ Moodle

def moodle(worksheet, results):
    """Fill in a grading worksheet that Moodle made: the text of it, as CSV. Raises ValueError when it is none.

    A row is a student's whose submission bears the number of his identifier, as in the
    folders of Moodle's download, or his name, number or address. Grades are to the scale
    of the worksheet. What must be decided by hand stays empty, and the comment says so.
    """
    reader = csv.DictReader(io.StringIO(worksheet))
    columns, rows = list(reader.fieldnames or ()), list(reader)
    for name in (IDENTIFIER, GRADE):
        if name not in columns:
            raise ValueError(f"no grading worksheet of Moodle's in English: there is no column {name!r}")
    named = {}
    for result in results:
        for key in keys_of(result["submission"]):
            named.setdefault(key, []).append(result)
    shared = collections.Counter(key for row in rows for key in set(student_keys(row)))  # two may have one name
    for row in rows:
        mine = next((named[key] for key in student_keys(row) if key in named and shared[key] == 1), [])
        mine = [result for result in mine if result["lessons"]] or mine  # beside a folder of files there may be one of what was typed in
        if len(mine) == 1 and row.get(CHANGEABLE) != "No":
            fill(row, mine[0])
    return as_worksheet(columns, rows)


def fill(row, result):
    points, most = total(result)
    comment = reports.feedback(result)
    if page.is_open(result):
        comment = f"{OPEN[0].upper()}{OPEN[1:]}.\n\n{comment}"
    elif most:
        given = (row.get(MAXIMUM) or str(most)).strip()
        if NUMBER.fullmatch(given):
            row[GRADE] = f"{points / most * float(given.replace(',', '.')):.2f}"
        else:
            comment = f"No grade could be given: the worksheet's {MAXIMUM!r} is {given!r}, and that is no number of points.\n\n{comment}"
    if COMMENTS in row:
        row[COMMENTS] = f"<pre>{escape(comment)}</pre>"


def keys_of(submission):
    """By what a submission's name may be known: the number in Moodle's folder names, else the name itself."""
    number = re.search(r"_(\d+)_assignsubmission_", submission)
    return [f"Participant {number[1]}"] if number else [submission.lower()]


def student_keys(row):
    number = re.search(r"\d+$", row[IDENTIFIER] or "")
    yield f"Participant {number[0]}" if number else None
    for name in OF_A_STUDENT:
        if row.get(name):
            yield row[name].lower()
            yield row[name].lower().split("@")[0]


def as_worksheet(columns, rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


# ------------------------------------------------------------------ JUnit XML

def junit(results):
    """JUnit XML of all results, as text: a suite for each submission and lesson, a case for each check."""
    top = xml.Element("testsuites", name="Chat Lab")
    for result in results:
        for lesson in result["lessons"] or [{"lesson": "", "checks": []}]:
            suite = xml.SubElement(top, "testsuite", name=clean(f"{result['submission']}.{lesson['lesson']}".rstrip(".")))
            counts = {"failures": 0, "errors": 0, "skipped": 0}
            for check in lesson["checks"]:
                case = xml.SubElement(suite, "testcase", classname=suite.get("name"), name=clean(f"{check['rule']} {check['title']}"),
                                      time=f"{check['seconds'] or 0:.3f}")
                kind = {FAILED: "failure", ERROR: "error", UNKNOWN: "error", WAITING: "skipped"}.get(check["verdict"])
                if kind:
                    counts[{"failure": "failures", "error": "errors", "skipped": "skipped"}[kind]] += 1
                    what = xml.SubElement(case, kind, type=check["verdict"], message=clean(check["message"]))
                    what.text = clean("\n".join([*(f"{spot['file']}:{spot['line']} {spot['what']}" for spot in check["where"] or ()), *(check["transcript"] or ())]))
            if result["broke"] and not lesson["checks"]:
                counts["errors"] = 1
                xml.SubElement(xml.SubElement(suite, "testcase", name="the whole"), "error", type="error", message=clean(result["broke"]))
            suite.attrib |= {name: str(count) for name, count in counts.items()} | {"tests": str(len(suite))}
    xml.indent(top)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + xml.tostring(top, encoding="unicode") + "\n"


def clean(text):
    return NO_XML.sub("\N{REPLACEMENT CHARACTER}", text or "")
