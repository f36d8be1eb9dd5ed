"""What the reports of a class say, points and pages, and which of them are removed."""

import csv
import io

import pytest
from lab.grading import judging, page, reports
from lab.grading.command import Usage, scale_in
from lab.verdict import ERROR, FAILED, PASSED, UNKNOWN, WAITING, Check, Scale, points


def test_points_on_a_scale():
    def checks(**verdicts):
        return [Check(rule.replace("_", ".")[1:5], "", verdict) for rule, verdict in verdicts.items()]

    both = checks(r05_1a=PASSED, r05_1b=FAILED, r05_2=PASSED, r01_4=FAILED)
    assert points("05_broadcast", both) == (0, 2)
    assert points("05_broadcast", both, Scale({"05.2": 3})) == (2, 4)
    assert points("05_broadcast", both, Scale({"05.1": 2}, partial=True, kept=0.5)) == (1.5, 3)


@pytest.mark.parametrize("text, words", [
    ("default = 'two'", "no number of points"), ("kept = -1", "no number"), ("[rules]\n'05.77' = 1", "no rule '05.77'"), ("points = 3", "unknown setting"),
    ("partial = 1", "true or false"), ("what is this", "cannot be read"), ("default = true", "no number"), ("default = nan", "no number")])
def test_wrong_points(text, words, tmp_path):
    (tmp_path / "points.toml").write_text(text)
    with pytest.raises(Usage, match=words):
        scale_in(tmp_path / "points.toml")


def test_points_file(tmp_path):
    (tmp_path / "points.toml").write_text("default = 2\npartial = true\n[rules]\n'05.2' = 2.5\n")
    assert scale_in(tmp_path / "points.toml") == Scale({"05.2": 2.5}, default=2, partial=True)


def result_with(verdict, name="eve", **more):
    check = dict.fromkeys(judging.ROW) | {"rule": "05.2", "title": "A <b>title</b>", "verdict": verdict, "message": "<script>alert(1)</script>", "hint": "",
                                          "where": [{"file": "server.py", "line": 3, "what": "&here", "around": [[3, "</pre><script>"]]}],
                                          "transcript": ["<i>"], "detail": [["<u>", ["<s>"]]], "seconds": 0.1}
    lesson = {"lesson": "05_broadcast", "checks": [check | more], "text": ""}
    return judging.no_result(name, "") | {"lessons": [lesson], "looks": {}}


@pytest.mark.parametrize("verdict", [FAILED, UNKNOWN, ERROR, WAITING, PASSED])
def test_what_a_student_wrote_is_text(verdict):
    [result] = reports.whole([result_with(verdict, name="<img src=x>")])
    for text in (page.report_page(result), page.class_page([result], "<class>")):
        for tag in ("<script", "<img", "<u>", "<s>", "<b>title", "<class>"):
            assert tag not in text


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@a", "\t=1", "\r=1", "\n1", "  =1", "\xa0=1"])
def test_no_cell_is_a_formula(cell):
    assert list(csv.reader(io.StringIO(reports.as_csv(["a", "b"], [{"a": cell, "b": ","}]), newline="")))[1:] == [["'" + cell.replace("\r", "\\r"), ","]]
    assert reports.as_csv(["a"], [{"a": -1}, {"a": "b=1"}]) == "a\n-1\nb=1\n"


def test_undecided_is_seen():
    for verdict in (UNKNOWN, ERROR):
        [result] = reports.whole([result_with(verdict)])
        [row] = reports.rows([result])
        assert row["undecided"] == 1 and row[f"{verdict}_checks"] == 1 and row["points"] == 0
        assert "could not be decided" in reports.feedback(result) and "To look at by hand" in page.class_page([result], "")


def test_reports_of_those_who_are_gone_are_removed_and_nothing_else(tmp_path):
    both = reports.whole([judging.no_result(name, "") for name in ("alice", "bob")])
    assert reports.write_all(both, tmp_path, "") == []
    (tmp_path / "pages/mine.html").write_text("mine")
    assert reports.write_all(both[:1], tmp_path, "") == [] and reports.taken(tmp_path) is None
    assert {path.name for path in tmp_path.glob("*/*")} == {"alice.json", "alice.txt", "alice.html", "mine.html", "written"}
    (tmp_path / "pages/bob.html").write_text("mine")
    reports.write_all(both[:1], tmp_path, "")
    assert (tmp_path / "pages/bob.html").exists()
