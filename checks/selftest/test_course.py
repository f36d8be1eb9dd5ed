"""The course holds together: starters, solutions, task sheets and checks."""

import difflib
import re
import sys

import pytest
from lab.course import LESSONS, Run, checks_of
from lab.judge import judge
from lab.verdict import FAILED, PASSED
from typed import TOP

FILES = [(lesson, file.name) for lesson in LESSONS for file in sorted((TOP / "solutions" / lesson).glob("*.py"))]

# What a starter gives up of the solution before it, since what it gives has another shape: lines, without their indentation.
GIVEN_UP = {
    ("10_slow_clients", "utils.py"): [
        'sock.sendall(json.dumps(obj, ensure_ascii=False).encode(errors="backslashreplace") + b"\\n")'],
    ("10_slow_clients", "server.py"): [
        "from utils import recv_json, send_json",
        "def deliver(conns, obj):", "dead = []", "for conn in conns:", "try:", "send_json(conn, obj)", "dead.append(conn)", "return dead",
        "return", "remove(deliver(snapshot, obj))",
        "snapshot = [conn for conn in clients if conn is not sender_conn or include_sender]",
        "def remove(dead):", "while dead:", "gone = [(conn, clients.pop(conn)) for conn in dead if conn in clients]",
        "snapshot = list(clients)", "for conn, nick in gone:", "pass", "remove([conn])",
        'send_json(conn, system(f"{wanted} is taken, try another nick"))',
        'send_json(conn, system("join first, once, with a nick of 1 to 32 characters; then chat"))'],
    ("11_shutdown", "server.py"): ["outbox = Outbox(conn)", "outboxes[conn] = outbox"]}


def code(folder, lesson, name):
    """The file's lines without its first docstring, which says what the lesson is about."""
    lines = (TOP / folder / lesson / name).read_text().splitlines()
    return lines[1:] if lines[0].endswith('"""') and lines[0] != '"""' else lines


def hunks(old, new):
    """The places where two files differ: (lines of the old, lines of the new and the two before and after)."""
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield old[a:b], new[max(0, c - 3):d + 3]


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_same_files(lesson):
    names = [{file.name for file in (TOP / folder / lesson).glob("*.py")} for folder in ("lessons", "solutions")]
    assert names[0] == names[1]
    assert (TOP / "lessons" / lesson / "README.md").stat().st_size > 1000


@pytest.mark.parametrize("lesson, name", FILES)
def test_starter_and_solution_differ_at_the_todos_only(lesson, name):
    for mine, near in hunks(code("solutions", lesson, name), code("lessons", lesson, name)):
        assert any("TODO" in line for line in near), f"{lesson}/{name}: no TODO where the solution has {mine}"


@pytest.mark.parametrize("lesson, name", FILES)
def test_starter_contains_the_solution_before(lesson, name):
    before = LESSONS[LESSONS.index(lesson) - 1] if lesson != LESSONS[0] else None
    if before and (before, name) in FILES:
        given_up = GIVEN_UP.get((lesson, name), [])
        assert set(given_up) <= {line.strip() for line in code("solutions", before, name)}
        for gone, near in hunks(code("solutions", before, name), code("lessons", lesson, name)):
            gone = [line for line in gone if line.strip() and '"""' not in line and "#" not in line and line.strip() not in given_up]
            assert not gone or any("TODO" in line for line in near), f"{lesson}/{name} lost {gone}"


@pytest.mark.parametrize("lesson", LESSONS)
def test_todos_are_numbered_in_order(lesson):
    text = "".join(file.read_text() for file in sorted((TOP / "lessons" / lesson).glob("*.py"), reverse=True))
    numbers = sorted(map(int, re.findall(r"# TODO (\d+): [a-z]", text)))
    assert numbers == list(range(1, len(numbers) + 1)) and numbers
    assert "TODO" not in "".join(file.read_text() for file in (TOP / "solutions" / lesson).glob("*.py"))


@pytest.mark.parametrize("lesson", LESSONS)
def test_starter_runs_and_fails_at_its_own_first_rule(lesson):
    run = Run(TOP / "lessons")
    run.add([lesson])
    judge(run, lesson)
    listens, *others = run.checks[lesson]
    assert listens.verdict == PASSED
    first = next(check for check in others if check.verdict != PASSED)
    assert first.verdict == FAILED and first.rule.startswith(lesson[:2]), first


@pytest.mark.parametrize("lesson", LESSONS)
def test_checks_are_titled_and_ordered(lesson):
    checks = checks_of(lesson)
    rules = {check.name: check.rule for check in checks}
    own = [max(check.rule, *(rules.get(name, "") for name in check.waits_for), "") for check in checks if check.rule.startswith(lesson[:2])]
    assert own == sorted(own) and all(check.rule.startswith(lesson[:2]) for check in checks[:len(own)])
    for number, check in enumerate(checks):
        assert re.fullmatch(r"\d\d\.\d", check.rule) and check.title and check.hint
        known = {earlier.name for earlier in checks[:number]}
        assert not {check.name for check in checks[number:]} & set(check.waits_for), f"{check.name} waits for a later one"
        assert check.name not in known


def test_rules_of_the_task_sheet_are_all_checked():
    for lesson in LESSONS:
        own = {check.rule for check in checks_of(lesson) if check.rule.startswith(lesson[:2])}
        sheet = (TOP / "lessons" / lesson / "README.md").read_text()
        assert own == set(re.findall(rf"^- \*\*({lesson[:2]}\.\d)\*\* ", sheet, re.M)), lesson
        assert own == {f"{lesson[:2]}.{number}" for number in range(1, len(own) + 1)}


def test_solutions_use_the_standard_library_only():
    for lesson, name in FILES:
        for module in re.findall(r"^(?:import|from) (\w+)", (TOP / "solutions" / lesson / name).read_text(), re.M):
            assert module in sys.stdlib_module_names or module == "utils"


def test_every_check_takes_one_program():
    for lesson in LESSONS:
        for check in checks_of(lesson):
            assert check.takes in (("server",), ("client",), ("client", "room")), check.name
