"""Every program of the gallery gets the verdict that its docstring says, as the matrix has it."""

import pytest
from gallery import HERE, complaints, exhibits, idle_rules, judged, row_of
from lab.course import LESSONS

EXHIBITS = exhibits()


@pytest.mark.parametrize("exhibit", EXHIBITS, ids=lambda exhibit: exhibit.name)
def test_verdict(exhibit):
    checks = judged(exhibit)
    assert not complaints(exhibit, checks)
    assert row_of(exhibit, checks) in (HERE / "matrix.md").read_text(), "not as matrix.md has it: gallery.py --write"


@pytest.mark.parametrize("lesson", LESSONS)
def test_enough_of_each_kind(lesson):
    mine = [exhibit for exhibit in EXHIBITS if exhibit.lesson == lesson]
    assert sum(exhibit.kind == "right" for exhibit in mine) >= 4
    assert all(exhibit.fails for exhibit in mine if exhibit.kind == "wrong")
    assert not idle_rules(mine, lesson), "rules that fewer than two wrong programs break first"
