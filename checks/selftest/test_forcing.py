"""What comes of a race is shown where it can be; a lock of the student's own making is known by that nothing comes of it."""

import pytest
from gallery import HERE, read
from lab.course import Run, checks_of
from lab.judge import judge
from lab.verdict import FAILED, PASSED


def judged(name, tmp_path, check="test_one_lock"):
    """This program of the gallery, judged by one check of 07.3."""
    exhibit = read(HERE / "gallery" / "07_lock" / f"{name}.py")
    run = Run(exhibit.hand_in(tmp_path))
    run.checks[exhibit.lesson] = [one for one in checks_of(exhibit.lesson) if one.name == check]
    judge(run, exhibit.lesson)
    return run.checks[exhibit.lesson][0]


@pytest.mark.parametrize("name, seen", [
    ("view_escapes", "RuntimeError: dictionary changed size during iteration"),
    ("reads_are_free", "Both are in the room as")])
def test_what_goes_wrong_is_shown(name, seen, tmp_path):
    check = judged(f"wrong/{name}", tmp_path)
    shown = dict(check.detail)["Shown to go wrong"]
    assert check.verdict == FAILED and seen in shown[-1]
    assert "is late just there" in shown[0] and "server.py:" in shown[0]


def test_a_lock_of_its_own_making(tmp_path):
    """Readers exclude the writer: no access can happen during the other, though no lock is held at both."""
    assert judged("right/readers_and_writer", tmp_path).verdict == PASSED


def test_a_lock_of_its_own_making_that_does_not_exclude(tmp_path):
    assert judged("wrong/writers_like_readers", tmp_path).verdict == FAILED
