"""What comes of a race is shown where it can be; a lock of the student's own making is known by that nothing comes of it."""

import pytest
from gallery import judged_by
from lab.verdict import FAILED, PASSED


@pytest.mark.parametrize("name, seen", [
    ("view_escapes", "RuntimeError: dictionary changed size during iteration"),
    ("reads_are_free", "Both are in the room as")])
def test_what_goes_wrong_is_shown(name, seen, tmp_path):
    check = judged_by(f"07_lock/wrong/{name}", "test_one_lock", tmp_path)
    shown = dict(check.detail)["Shown to go wrong"]
    assert check.verdict == FAILED and seen in shown[-1]
    assert "is late just there" in shown[0] and "server.py:" in shown[0]


def test_a_lock_of_its_own_making(tmp_path):
    """Readers exclude the writer: no access can happen during the other, though no lock is held at both."""
    assert judged_by("07_lock/right/readers_and_writer", "test_one_lock", tmp_path).verdict == PASSED


def test_a_lock_of_its_own_making_that_does_not_exclude(tmp_path):
    assert judged_by("07_lock/wrong/writers_like_readers", "test_one_lock", tmp_path).verdict == FAILED
