"""Every program of the gallery is judged as its docstring says."""

import pytest
from gallery import HERE, exhibits, idle_rules, judged, misjudged
from lab.course import LESSONS

EXHIBITS = exhibits()


@pytest.mark.parametrize("exhibit", EXHIBITS, ids=lambda exhibit: exhibit.name)
def test_verdict(exhibit):
    assert not misjudged(exhibit, judged(exhibit, quickly=True))
    assert f"| {exhibit.kind}/{exhibit.path.stem} |" in (HERE / "matrix.md").read_text(), "not in matrix.md: gallery.py --write"


@pytest.mark.parametrize("lesson", LESSONS)
def test_enough_of_each_kind(lesson):
    mine = [exhibit for exhibit in EXHIBITS if exhibit.lesson == lesson]
    assert sum(exhibit.kind == "right" for exhibit in mine) >= 4
    assert all(exhibit.fails for exhibit in mine if exhibit.kind == "wrong")
    assert not idle_rules(mine, lesson), "rules that fewer than two wrong programs break first"
