"""A process that judges, what may become of it, and that the others are judged all the same."""

import os
import shutil

import pytest
from lab import sandbox
from lab.grading import grader as grader_module
from lab.grading import judging, reports
from lab.grading.command import run
from lab.grading.grader import Grader, file_name
from lab.grading.handed_in import pack
from lab.verdict import ERROR, PASSED, Scale
from typed import TOP, hand_in, table


@pytest.mark.parametrize("start, words", [
    ("import os; os._exit(7)", "ended (exit code 7)"),
    ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended (by SIGKILL)"),
    ("raise ImportError('broken kit')", "broken kit"),
    ("import time; time.sleep(60)", "told nothing for 0.5 seconds"),
    ("print('nonsense', flush=True)", "is no fact"),
    ("print('[]', flush=True)", "is no fact")])
def test_a_process_that_breaks_is_a_result_that_says_so(start, words, monkeypatch, tmp_path):
    monkeypatch.setattr(judging, "START", start)
    result = judging.judged(judging.task("alice", *pack(hand_in(tmp_path)), ["01_echo"]), patience=0.5)
    assert words in result["broke"] and result["submission"] == "alice"


@pytest.mark.parametrize("what, words", [
    ("judging.lay_out = lambda *_: 1 / 0", "ended (exit code 1): ZeroDivisionError: division by zero"),
    ("judging.judge = lambda *_: [sys.stderr.write('a line\\n' * (1 << 20)), 1 / 0]", "ended (exit code 1): ZeroDivisionError: division by zero")])
def test_its_last_word_is_told(what, words, monkeypatch, tmp_path):
    """Also when its standard input is being read, and when there are megabytes before it."""
    monkeypatch.setattr(judging, "START", judging.START.replace("judging.main()", f"{what}; judging.main()"))
    result = judging.judged(judging.task("alice", *pack(hand_in(tmp_path)), ["01_echo"]), patience=60)
    assert words in result["broke"]


DIGS = """
import os
here = os.open(".", os.O_RDONLY)
for _ in range(1500):
    os.mkdir("d", dir_fd=here)
    here, above = os.open("d", os.O_RDONLY, dir_fd=here), here
    os.close(above)
"""


def test_what_a_program_leaves_takes_no_row_with_it(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(judging.tempfile, "tempdir", None)
    result = judging.judged(judging.task("alice", *pack(hand_in(tmp_path / "alice", DIGS)), ["01_echo"]))
    assert result["lessons"] and not [path for path in tmp_path.iterdir() if path.name != "alice"]


def test_what_was_found_before_it_broke_stays(monkeypatch, tmp_path):
    monkeypatch.setattr(judging, "START", judging.START.replace("judging.main()", (
        "from lab import judge; judge.judge = lambda run, lesson: [judging.os._exit(3) if check.rule == '01.2' else run.note(lesson, "
        "{'name': check.name, 'verdict': 'passed', 'message': ''}) for check in run.checks[lesson]]; judging.judge = judge.judge; judging.main()")))
    seen = []
    result = judging.judged(judging.task("alice", *pack(hand_in(tmp_path)), ["01_echo"]), lambda result: seen.append(1))
    verdicts = {check["rule"]: check["verdict"] for check in result["lessons"][0]["checks"]}
    assert verdicts["01.1"] == PASSED and {verdicts[rule] for rule in ("01.2", "01.3", "01.4", "01.5")} == {ERROR} and seen
    [lesson] = reports.whole([result])[0]["lessons"]
    assert (lesson["points"], lesson["max_points"], lesson["undecided"]) == (1, 1, 4)


def test_a_kit_that_breaks_is_a_row_and_the_others_are_judged(monkeypatch, tmp_path):
    handed = {name: hand_in(tmp_path / name) for name in ("alice", "bob")}
    grader = Grader(handed, tmp_path / "out", ["01_echo"], "off")
    monkeypatch.setattr(grader, "task", lambda name: 1 / 0 if name == "alice" else Grader.task(grader, name))
    grader.here(grader.find_finished(), 2)
    assert "ZeroDivisionError" in grader.results["alice"]["broke"] and not grader.results["bob"]["broke"]
    assert Grader(handed, tmp_path / "out", ["01_echo"], "off").find_finished() == ["alice"]


def test_what_cannot_be_kept_is_said_and_the_others_are(monkeypatch, tmp_path, capsys):
    handed = {name: hand_in(tmp_path / name) for name in ("alice", "bob")}
    grader = Grader(handed, tmp_path / "out", ["01_echo"], "off")
    write = grader_module.write

    def full(path, text):
        if path.stem == "alice":
            raise OSError(28, "No space left on device")
        write(path, text)

    for module in (grader_module, reports):
        monkeypatch.setattr(module, "write", full)
    assert run(grader, tmp_path / "out", Scale(), 2, None, [], "") == 1
    assert "4 files could not be written" in (said := capsys.readouterr().out) and said.count("No space left") == 1
    assert list(table(tmp_path / "out")) == ["alice", "bob"] and (tmp_path / "out/pages/bob.html").exists()
    assert Grader(handed, tmp_path / "out", ["01_echo"], "off").find_finished() == ["alice"]


def test_what_was_found_without_walls_does_not_count_behind_them(monkeypatch, tmp_path):
    handed = {"alice": hand_in(tmp_path / "alice")}
    grader = Grader(handed, tmp_path / "out", ["01_echo"], "off")
    grader.here(grader.find_finished(), 1)
    assert not Grader(handed, tmp_path / "out", ["01_echo"], "off").find_finished()
    monkeypatch.setattr(sandbox, "wanted", lambda option: (option != "off", None))
    assert Grader(handed, tmp_path / "out", ["01_echo"], "require").find_finished() == ["alice"]


def test_no_two_have_one_file():
    long = "é" * 120
    names = [long, long + "x", "a" * 180, "a" * 181, file_name(long, ""), file_name("a" * 181, "")]
    files = [file_name(name, ".json") for name in names]
    assert len(set(files)) == len(files) and all(len(os.fsencode(name)) < 255 for name in files)


def test_looks(tmp_path):
    solution = TOP / "solutions/02_threads"
    for name, change in (("same", lambda text: text.replace("\n\n", "\n# a word\n\n\n").replace("    ", "  ")),
                         ("other", lambda text: text.replace("conn", "connection"))):
        shutil.copytree(solution, tmp_path / name)
        (tmp_path / name / "server.py").write_text(change((solution / "server.py").read_text()))
    reference = judging.solutions()["02_threads"]
    assert judging.looks(tmp_path / "same", judging.STARTERS / "02_threads") == reference
    assert judging.looks(tmp_path / "other", judging.STARTERS / "02_threads") != reference
    assert judging.looks(judging.STARTERS / "02_threads", judging.STARTERS / "02_threads") == {}
