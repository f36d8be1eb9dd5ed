"""The gallery: student programs, right and wrong, and what each of them must be told.

    python checks/selftest/gallery.py                     judge them all, say where a verdict is not as expected
    python checks/selftest/gallery.py --write             and write matrix.md, rules x programs
    python checks/selftest/gallery.py --repeat 50         judge each so many times, and count verdicts that changed
    python checks/selftest/gallery.py --repeat 20 --busy 8    the same with busy processes beside it
    python checks/selftest/gallery.py --whole             judge them by all rules that the lesson keeps, too
    python checks/selftest/gallery.py 05_broadcast/wrong  those alone whose name contains this; -v tells what each is told

A program is a file, which becomes the lesson's own program (client.py in lesson 06,
server.py in the others), or a folder; what is missing in it is taken from the lesson's
solution, and the checks of that program alone judge it. Its docstring says what it is,
and for a wrong one

    fails: 05.2 05.6      the rules that it breaks, the main one first
    says: not back        words that its author must read in the first failure's message
    unknown: 07.3         rules of which the checks cannot tell, because it cannot be followed

and the comment `# <--` marks the lines of which one must be shown.
"""

import argparse
import ast
import collections
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from lab.course import LESSONS, Run, checks_of  # noqa: E402
from lab.judge import judge  # noqa: E402
from lab.verdict import ERROR, FAILED, PASSED, UNKNOWN, WAITING  # noqa: E402
from typed import TOP  # noqa: E402

SHARED = "07"  # from this lesson on the programs are about shared state
SHOWN = {PASSED: ".", FAILED: "F", WAITING: "-", UNKNOWN: "?", ERROR: "E"}


@dataclass
class Exhibit:
    """One program of the gallery."""

    path: Path
    lesson: str
    kind: str  # right, wrong or rogue
    about: str
    fails: list
    says: str
    unknown: list
    marked: set  # {(file, line)}

    @property
    def name(self):
        return f"{self.lesson}/{self.kind}/{self.path.stem}"

    def is_about(self, rule):
        """Is this one of the rules that the program is here for?

        Of a wrong one the lesson's own and the one that it breaks first; of another all,
        but on shared state (lesson 07 and later) only those from there on.
        """
        if self.kind == "wrong":
            return rule.startswith(self.lesson[:2]) or rule in self.fails[:1]
        return self.lesson < SHARED or rule >= SHARED

    def is_mainly_about(self, rule):
        """Is this the rule that it breaks first, or, when it breaks none, one of the lesson's own?"""
        return rule == self.fails[0] if self.fails else rule.startswith(self.lesson[:2]) or rule in self.unknown

    def hand_in(self, folder):
        """Lay the program down as a submission in this folder."""
        target = Path(folder) / self.lesson
        shutil.copytree(TOP / "solutions" / self.lesson, target, ignore=shutil.ignore_patterns("__pycache__", "README.md"))
        if self.path.is_dir():
            shutil.copytree(self.path, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(self.path, target / program_of(self.lesson))
        return folder


def exhibits(wanted=""):
    """All programs whose name contains `wanted`, in order."""
    paths = [path for path in HERE.glob("gallery/*/*/*") if path.suffix == ".py" or path.is_dir() and path.name != "__pycache__"]
    return [read(path) for path in sorted(paths) if wanted in f"{path.parent.parent.name}/{path.parent.name}/{path.stem}"]


def read(path):
    files = [path] if path.is_file() else sorted(path.glob("*.py"))
    marked = {(program_of(path.parent.parent.name) if path.is_file() else file.name, number)
              for file in files for number, line in enumerate(file.read_text().splitlines(), 1) if "# <--" in line}
    said = "\n".join(docstring(file) for file in files)
    fields = dict(line.split(":", 1) for line in said.splitlines() if line.startswith(("fails:", "says:", "unknown:")))
    about = said.split("\n\n")[0]
    return Exhibit(path, path.parent.parent.name, path.parent.name, " ".join(about.split()),
                   fields.get("fails", "").split(), fields.get("says", "").strip(), fields.get("unknown", "").split(), marked)


def docstring(file):
    try:
        return ast.get_docstring(ast.parse(file.read_text())) or ""
    except SyntaxError:  # a program that is wrong in just this way
        text = file.read_text()
        return text.split('"""')[1] if text.startswith('"""') else ""


def program_of(lesson):
    """The name of the program that the lesson is about."""
    return checks_of(lesson)[0].program


def own_checks(lesson):
    """The checks of the lesson's program; those of another one, which is given, say nothing of an exhibit."""
    return [check for check in checks_of(lesson) if check.program == program_of(lesson)]


def judged(exhibit, whole=False, quickly=False):
    """Return the checks of the exhibit's lesson and program, judged; of rules that it is not about only if the whole is wanted.

    quickly: by its main mistake alone, or the lesson's own rules.
    """
    with tempfile.TemporaryDirectory(prefix="chat-lab-") as folder:
        run = Run(exhibit.hand_in(folder))
        run.checks[exhibit.lesson] = [check for check in own_checks(exhibit.lesson)
                                      if whole or exhibit.is_about(check.rule)
                                      and (not quickly or check.is_basis or exhibit.is_mainly_about(check.rule))]
        judge(run, exhibit.lesson)
        return run.checks[exhibit.lesson]


def judged_by(name, check, folder):
    """Return this one check, judged, of the exhibit of this name, which is laid down in this folder."""
    exhibit = read(HERE / "gallery" / f"{name}.py")
    run = Run(exhibit.hand_in(folder))
    run.checks[exhibit.lesson] = [one for one in checks_of(exhibit.lesson) if one.name == check]
    judge(run, exhibit.lesson)
    return run.checks[exhibit.lesson][0]


def misjudged(exhibit, checks):
    """How the verdict is wrong, as lines: what no machine's load may change."""
    out = [f"{check.rule} {check.name}: {check.verdict}: {check.message}" for check in checks
           if check.verdict == ERROR or check.verdict == UNKNOWN and check.rule not in exhibit.unknown]
    out += [f"{rule} is not unknown" for rule in exhibit.unknown
            if UNKNOWN not in {check.verdict for check in checks if check.rule == rule}]
    failed = [check for check in checks if check.verdict == FAILED]
    if exhibit.fails and exhibit.fails[0] not in {check.rule for check in failed}:
        out.append(f"does not fail {exhibit.fails[0]}")
    if not exhibit.fails:
        out += [f"fails {check.rule} {check.name}: {check.message}" for check in failed]
    main = next((check for check in failed if check.rule in exhibit.fails[:1]), None)
    said = main and exhibit.says and exhibit.says in main.message
    if main and not said and not exhibit.marked & {(spot["file"], spot["line"]) for spot in main.where}:
        out.append(f"neither says {exhibit.says!r} nor shows a marked line: {main.message}")
    return out


def complaints(exhibit, checks):
    """Everything in which the verdict and what is told are not as the docstring has it, as lines.

    Beside what is wrong this is what the moment may change: which of a wrong program's
    further rules are seen broken.
    """
    out = misjudged(exhibit, checks)
    failed = [check for check in checks if check.verdict == FAILED]
    rules = sorted({check.rule for check in failed})
    if rules != sorted(filter(exhibit.is_about, exhibit.fails)):
        out.append(f"fails {' '.join(rules) or 'nothing'}, expected {' '.join(exhibit.fails) or 'nothing'}")
        out += [f"  {check.rule} {check.name}: {check.message}" for check in failed]
    if failed and exhibit.fails:
        main = next((check for check in failed if check.rule == exhibit.fails[0]), failed[0])
        if exhibit.says not in main.message:
            out.append(f"does not say {exhibit.says!r}: {main.message}")
        shown = [(spot["file"], spot["line"]) for spot in main.where]
        if exhibit.marked and not exhibit.marked & set(shown):
            out.append(f"shows {shown}, not {sorted(exhibit.marked)}")
    return out


# ------------------------------------------------------------------ the command

def look(exhibit, whole=False):
    checks = judged(exhibit, whole)
    return exhibit, checks_without_code(checks), complaints(exhibit, checks)


def update(exhibit, checks):
    """Write into a wrong program's docstring which rules it breaks and what it is told, and mark the line that it is shown first."""
    failed = [check for check in checks if check.verdict == FAILED]
    if exhibit.kind == "right" or not failed:
        return
    rules = sorted({check.rule for check in failed} | {rule for rule in exhibit.fails if not exhibit.is_about(rule)})
    main = exhibit.fails[0] if exhibit.fails and exhibit.fails[0] in rules else failed[0].rule
    main_check = next(check for check in failed if check.rule == main)
    shown = [(spot["file"], spot["line"]) for spot in main_check.where]
    for file in [exhibit.path] if exhibit.path.is_file() else sorted(exhibit.path.glob("*.py")):
        name = program_of(exhibit.lesson) if exhibit.path.is_file() else file.name
        lines = file.read_text().splitlines()
        for number, line in enumerate(lines):
            if line.startswith("fails:"):
                lines[number] = "fails: " + " ".join([main, *(rule for rule in rules if rule != main)])
                if not exhibit.says:
                    lines[number] += "\nsays: " + gist(main_check.message)
        if not exhibit.marked & set(shown):
            lines = [re.sub(r"\s+# <--$", "", line) for line in lines]
            mine = [line for at, line in shown if at == name][:1]
            for number in mine:
                lines[number - 1] += "  # <--"
        file.write_text("\n".join(lines) + "\n")


def gist(message):
    """What stays the same in a message: not times, numbers and what came along."""
    return re.split(r", and that will not change| within \d| ?\d|: | ?[{(]|, but ", message)[0]


def checks_without_code(checks):
    for check in checks:
        check.function = None
    return checks


def row_of(exhibit, checks):
    """The exhibit's row in the matrix."""
    cells = [worst({check.verdict for check in checks if check.rule == rule}) for rule in rules_of(checks_of(exhibit.lesson))]
    return f"| {exhibit.kind}/{exhibit.path.stem} | {' | '.join(cells)} | {exhibit.about.replace('|', '/')} |"


def rules_of(checks):
    return list(dict.fromkeys(check.rule for check in checks))


def matrix(results, old=""):
    """The verdicts as a table for each lesson, rules x programs, as text; what is not among the results stays as it is in `old`."""
    lines, lesson = {}, None
    for line in old.splitlines():
        lesson = line[3:] if line.startswith("## ") else lesson
        lines[lesson, line.split(" ")[1] if line.startswith("| ") else line] = line
    lines |= {(exhibit.lesson, f"{exhibit.kind}/{exhibit.path.stem}"): row_of(exhibit, checks) for exhibit, checks, _ in results}
    out = ["# What the checks say of the gallery", "",
           "Written by `python checks/selftest/gallery.py --write`. A column is a rule: `F` it was seen broken, `.` kept, ",
           "`-` not run because of another failure, nothing: not asked.", ""]
    for lesson in LESSONS:
        rules = rules_of(checks_of(lesson))
        rows = [lines.get((lesson, f"{exhibit.kind}/{exhibit.path.stem}")) for exhibit in exhibits(f"{lesson}/")]
        out += [f"## {lesson}", "", f"| program | {' | '.join(rules)} | it ... |", "|---|" + "---|" * (len(rules) + 1), *filter(None, rows), ""]
    return "\n".join(out)


def worst(verdicts):
    return next((SHOWN[verdict] for verdict in (ERROR, FAILED, UNKNOWN, WAITING, PASSED) if verdict in verdicts), "")


def idle_rules(everything, lesson):
    """The lesson's own rules that fewer than two wrong programs break first: nothing shows that they work."""
    convicted = collections.Counter(exhibit.fails[0] for exhibit in everything if exhibit.kind == "wrong")
    return [rule for rule in rules_of(own_checks(lesson)) if rule[:2] == lesson[:2] and convicted[rule] < 2]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wanted", nargs="?", default="")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--busy", type=int, default=0)
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("--update", action="store_true", help="write `fails:` and `# <--` as they were found; look at the difference!")
    options = parser.parse_args()
    everything = exhibits(options.wanted)
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(options.busy)]
    verdicts, bad = collections.defaultdict(collections.Counter), 0
    try:
        with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
            for number in range(1, options.repeat + 1):
                results = []
                for exhibit, checks, wrong in pool.map(look, everything, [options.whole] * len(everything)):
                    results.append((exhibit, checks, wrong))
                    verdicts[exhibit.name][tuple((check.name, check.verdict) for check in checks)] += 1
                    bad += bool(wrong)
                    if options.update:
                        update(exhibit, checks)
                    if wrong or options.verbose:
                        print(exhibit.name, *(f"    {line}" for line in wrong), sep="\n", flush=True)
                    if options.verbose:
                        print(*(f"    {check.rule} {check.verdict}: {check.message}\n        {check.where}"
                                for check in checks if check.verdict != PASSED), sep="\n")
                changed = [name for name, seen in verdicts.items() if len(seen) > 1]
                print(f"round {number}: {len(results)} programs, {bad} verdicts not as expected so far, {len(changed)} programs changed", flush=True)
    finally:
        for process in busy:
            process.kill()
    for name in changed:
        print(name, "changed:", *(f"{count} x {dict(seen)}" for seen, count in verdicts[name].items()), sep="\n    ")
    if not options.wanted:
        print("rules that convict nobody:", *[rule for lesson in LESSONS for rule in idle_rules(everything, lesson)] or ["none"])
    if options.write:
        file = HERE / "matrix.md"
        file.write_text(matrix(results, file.read_text()))
    return 1 if bad or changed else 0


if __name__ == "__main__":
    sys.exit(main())
