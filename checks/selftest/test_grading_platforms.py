"""What other systems are given: each format as its own reader wants it."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as xml

import pytest
from lab.grading import judging, platforms, reports
from lab.verdict import ERROR, FAILED, PASSED, UNKNOWN, WAITING, Scale
from typed import CHECKS, TOP, command, hand_in

RUNNER = {"CLASSROOM": "net", "ASSIGNMENT": "echo", "SUBMISSION_TAG": "submit/2026-11-24T22-00-00Z-abc", "COMMIT_URL": "https://example.org/c",
          "RELEASE_URL": "https://example.org/r"}
WORKSHEET = ("\ufeffIdentifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,Last modified (submission),Last modified (grade),Feedback comments\r\n"
             'Participant 12,"Alice A",alice@example.org,"Submitted for grading",,10.00,Yes,"Monday, 23 November 2026, 8:00 PM",-,\r\n'
             'Participant 13,"Bob ""B"" B",bob@example.org,"Submitted for grading",,10.00,Yes,-,-,\r\n'
             'Participant 14,"Carol C",carol@example.org,"No submission",,10.00,Yes,-,-,\r\n'
             'Participant 15,"Dave D",dave@example.org,"Submitted for grading",7.00,10.00,No,-,-,\r\n'
             'Participant 16,"Erin E",erin@example.org,"Submitted for grading",,10.00,Yes,-,-,\r\n')


def result_of(name, **verdicts):
    """A result of lesson 05 with these verdicts, r05_2=FAILED and the like, with points."""
    checks = [dict.fromkeys(judging.ROW) | {"rule": rule.replace("_", ".")[1:5], "title": f"Title & <{rule}>", "verdict": verdict, "message": "was \x00 \ud800 <so>",
                                            "hint": "", "where": [], "transcript": ["alice -> \x1b"], "seconds": 1.25} for rule, verdict in verdicts.items()]
    return judging.no_result(name, "") | {"lessons": [{"lesson": "05_broadcast", "checks": checks, "text": "told"}]}


def whole(*results, scale=Scale()):
    return reports.whole(results, scale)


ALL = {"r05_1": PASSED, "r05_2": FAILED, "r05_3": WAITING, "r05_4": UNKNOWN, "r05_5": ERROR, "r05_6": PASSED, "r01_4": FAILED}


@pytest.mark.parametrize("scale", [Scale(), Scale({"05.1": 2.5}, kept=0.5, partial=True), Scale(default=3, kept=5)])
def test_rules_sum_up_to_the_lesson(scale):
    [result] = whole(result_of("alice", **ALL), scale=scale)
    [lesson] = result["lessons"]
    assert sum(rule["points"] for rule in lesson["rules"]) == lesson["points"]
    assert sum(rule["max_points"] for rule in lesson["rules"]) == lesson["max_points"]


def test_gradescope():
    [result] = whole(result_of("alice", **ALL))
    content = json.loads(platforms.as_json(platforms.gradescope(result)))
    assert content["score"] == 1 == sum(test["score"] for test in content["tests"]) and content["stdout_visibility"] == "hidden"
    for test in content["tests"]:
        assert set(test) == {"name", "number", "score", "max_score", "status", "output", "output_format", "visibility"}
        assert test["status"] in ("passed", "failed") and test["score"] <= test["max_score"] and isinstance(test["output"], str)
    assert platforms.OPEN in content["tests"][3]["output"] and content["extra_data"]["undecided"] == 2


def test_classroom50():
    """As its collector asks: validate_result in collect_scores.py."""
    [result] = whole(result_of("alice", **ALL))
    content = json.loads(platforms.as_json(platforms.classroom50(result, RUNNER)))
    assert content["schema"] == "classroom50/result/v1" and content["submission"].startswith("submit/")
    assert all(isinstance(content[name], str) and content[name] for name in ("classroom", "assignment", "commit", "release", "review", "datetime"))
    for what in (content, *content["tests"]):
        assert type(what["score"]) is int and type(what["max-score"]) is int and 0 <= what["score"] <= what["max-score"]
    for test in content["tests"]:
        assert type(test["passed"]) is bool and test["test-name"]
    assert content["score"] == sum(test["score"] for test in content["tests"]) and content["max-score"] == sum(test["max-score"] for test in content["tests"])


def test_moodle():
    results = whole(judging.no_result("Alice A_12_assignsubmission_onlinetext_", ""), result_of("Alice A_12_assignsubmission_file_", r05_1=PASSED, r05_2=FAILED),
                    result_of("bob", r05_1=PASSED),
                    result_of("Dave D_15_assignsubmission_file_", r05_1=PASSED), result_of("erin", r05_1=UNKNOWN, r05_2=PASSED))
    filled = platforms.moodle(WORKSHEET.lstrip("\ufeff"), results)
    assert filled.splitlines()[0] == WORKSHEET.lstrip("\ufeff").splitlines()[0]
    rows = list(csv.DictReader(io.StringIO(filled, newline="")))
    assert [row["Grade"] for row in rows] == ["5.00", "10.00", "", "7.00", ""]  # 14 handed in nothing, 15 may not be changed, 16 is to be decided
    assert "decided" in rows[4]["Feedback comments"] and rows[0]["Feedback comments"].startswith("<pre>") and rows[2]["Feedback comments"] == ""
    assert rows[1]["Full name"] == 'Bob "B" B' and rows[0]["Last modified (submission)"] == "Monday, 23 November 2026, 8:00 PM"
    with pytest.raises(ValueError, match="no column 'Identifier'"):
        platforms.moodle("Kennung,Note\r\n", results)


@pytest.mark.parametrize("most, grade", [("10,00", "5.00"), (" 10 ", "5.00"), ("-", ""), ("100%", ""), ("1.000,00", ""), ("nan", ""), ("1_0", "")])
def test_moodle_with_a_maximum_that_is_no_number_is_left_to_the_instructor(most, grade):
    sheet = f'Identifier,Full name,Grade,Maximum Grade,Feedback comments\r\nParticipant 13,bob,,"{most}",\r\n'
    [row] = csv.DictReader(io.StringIO(platforms.moodle(sheet, whole(result_of("bob", r05_1=PASSED, r05_2=FAILED))), newline=""))
    assert row["Grade"] == grade and ("No grade could be given" in row["Feedback comments"]) == (not grade)


def test_moodle_of_two_with_one_name_fills_in_neither():
    assert ",Submitted for grading,,10.00" in platforms.moodle(WORKSHEET.lstrip("\ufeff"), whole(result_of("bob", r05_1=PASSED), result_of("Bob", r05_1=PASSED)))


def test_moodle_of_two_students_with_one_name_fills_in_neither():
    two = WORKSHEET.lstrip("\ufeff").replace("Carol C", "Alice A")
    rows = list(csv.DictReader(io.StringIO(platforms.moodle(two, whole(result_of("alice a", r05_1=PASSED), result_of("bob", r05_1=PASSED))), newline="")))
    assert [row["Grade"] for row in rows] == ["", "10.00", "", "7.00", ""]


def test_junit():
    text = platforms.junit(whole(result_of("al\x00ice", **ALL), judging.no_result("bob", "it broke")))
    top = xml.fromstring(text.encode())
    suite, broken = top
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors"), suite.get("skipped")) == ("7", "2", "2", "1")
    assert broken.get("errors") == "1" and broken.get("name") == "bob"
    assert [case[0].tag for case in suite if len(case)] == ["failure", "skipped", "error", "error", "failure"]


def test_junit_as_others_read_it():
    junitparser = pytest.importorskip("junitparser")
    read = junitparser.JUnitXml.fromstring(platforms.junit(whole(result_of("alice", **ALL))).encode())
    read.update_statistics()
    assert (read.tests, read.failures, read.errors, read.skipped) == (7, 2, 2, 1)


# ------------------------------------------------------------------ from the command line

def grade(folder, out, *options, **environment):
    return command("--class", folder, "--report", out, "--lesson", "01", *options, **environment)


@pytest.fixture
def folder(tmp_path):
    return hand_in(tmp_path / "class/submission", path="server.py").parent


def test_all_of_them(folder, tmp_path):
    (tmp_path / "worksheet.csv").write_text(WORKSHEET, newline="")
    done = grade(folder, tmp_path / "out", "--gradescope", tmp_path / "results.json", "--classroom50", tmp_path / "result.json",
                   "--moodle", tmp_path / "worksheet.csv", "--junitxml", tmp_path / "junit.xml", **RUNNER)
    assert done.returncode == 1, done.stdout + done.stderr
    assert json.loads((tmp_path / "results.json").read_text())["score"] == 0
    assert json.loads((tmp_path / "result.json").read_text())["max-score"] == 5
    assert (tmp_path / "out/junit.xml").read_text() == (tmp_path / "junit.xml").read_text()
    assert (tmp_path / "out/moodle.csv").exists()


def test_gradescope_is_written_as_it_goes(folder, tmp_path):
    """When the platform's time is up, what was found so far is there."""
    hand_in(folder / "submission", "import time\ntime.sleep(60)\n", "server.py")
    process = subprocess.Popen([*CHECKS, "--class", folder, "--report", tmp_path / "out", "--lesson", "01", "--gradescope", tmp_path / "results.json"],
                               stdout=subprocess.DEVNULL)
    try:
        while not (tmp_path / "results.json").exists():
            assert process.poll() is None
    finally:
        process.kill()
        process.wait()
    content = json.loads((tmp_path / "results.json").read_text())
    assert content["score"] == 0 and all(test["status"] == "failed" for test in content["tests"])


@pytest.mark.parametrize("options, words", [
    (("--classroom50", "result.json"), "sets CLASSROOM"), (("--moodle", "nowhere.csv"), "nowhere.csv"), (("--moodle", __file__), "no column 'Identifier'"),
    (("--gradescope", "no-such-folder/results.json"), "no such folder")])
def test_wrong_commands(options, words, folder, tmp_path):
    done = grade(folder, tmp_path / "out", *options)
    assert done.returncode == 4 and words in done.stderr and "Traceback" not in done.stderr
    (folder / "another").mkdir()
    done = grade(folder, tmp_path / "out", "--gradescope", tmp_path / "results.json")
    assert done.returncode == 4 and "is for one submission; there are 2" in done.stderr


# ------------------------------------------------------------------ the scripts for these systems, run as they run them

def test_run_autograder(tmp_path):
    """As in Gradescope's container: /autograder with source, submission, results and what setup.sh has made."""
    for name in ("results", "source", "venv/bin"):
        (tmp_path / name).mkdir(parents=True)
    hand_in(tmp_path / "submission", "raise SystemExit(1)\n", "server.py")
    (tmp_path / "source/chat-lab").symlink_to(TOP)
    pytest_here = tmp_path / "venv/bin/pytest"
    pytest_here.write_text(f'#!/bin/sh\nexec {sys.executable} -m pytest -p no:cacheprovider "$@"\n')
    pytest_here.chmod(0o755)
    done = subprocess.run([TOP / "checks/platforms/gradescope/run_autograder"], env=os.environ | {"AUTOGRADER": str(tmp_path)}, cwd=tmp_path,
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    content = json.loads((tmp_path / "results/results.json").read_text())
    assert content["score"] == 0 and "sys.exit(1)" in content["output"] and content["tests"][0]["number"] == "05.1"


def test_autograder_of_classroom50(tmp_path):
    """As its runner does: in the student's checkout, with a bundle that has no solutions, and an environment of its own."""
    bundle, checkout = tmp_path / "bundle", tmp_path / "checkout"
    for folder in ("checks", "lessons"):
        shutil.copytree(TOP / folder, bundle / "chat-lab" / folder, ignore=shutil.ignore_patterns("__pycache__", "selftest"))
    shutil.copy(TOP / "pyproject.toml", bundle / "chat-lab")
    script = (TOP / "checks/platforms/classroom50/autograder.py").read_text().replace('subprocess.run([sys.executable, "-m", "pip"', '([sys.executable, "-m", "pip"')
    (bundle / "autograder.py").write_text(script.replace('"psutil>=6"], check=True)', '"psutil>=6"])'))  # they are here
    hand_in(checkout, path="lessons/05_broadcast/server.py")
    (checkout / "conftest.py").write_text("raise SystemExit(0)\n")
    done = subprocess.run([sys.executable, bundle / "autograder.py"], env=os.environ | RUNNER, cwd=checkout, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    content = json.loads((checkout / "result.json").read_text())
    assert content["score"] == 0 and content["max-score"] == 6 and content["classroom"] == "net"


def test_the_workflow_is_yaml_that_names_its_steps():
    yaml = pytest.importorskip("yaml")
    workflow = yaml.safe_load((TOP / "checks/platforms/github-actions.yml").read_text())
    steps = workflow["jobs"]["check"]["steps"]
    assert all(("uses" in step) != ("run" in step) for step in steps) and any("--sandbox require" in step.get("run", "") for step in steps)
