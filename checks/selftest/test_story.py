"""What is told of a check: its story, what was sent as it is shown there, and the points."""

from gallery import judged_by
from lab.messages import line
from lab.story import Story, difference, shown
from lab.verdict import ERROR, FAILED, PASSED, UNKNOWN, WAITING, Check, points


def test_the_same_step_many_times_is_one_line():
    story = Story()
    for what in ("hello", "again", "again", "again", "again"):
        story.add("alice", "<-", what)
    assert story.lines() == ["alice <- hello", "alice <- again   (4 times)"]


def test_an_end_is_told_after_what_came_before_it():
    story = Story()
    end = story.add("alice", "<-", "the end of the stream")
    story.add("alice", "<-", "goodbye")
    story.came_after(end)
    assert story.lines() == ["alice <- goodbye", "alice <- the end of the stream"]


def test_a_fresh_run_tells_its_own_story(tmp_path):
    failed = judged_by("11_shutdown/wrong/asks_before_it_takes_the_lock", "test_client_whose_thread_has_begun", tmp_path)
    assert "the teacher -- presses Ctrl-C" in failed.transcript


def test_bytes_are_shown_readably():
    assert shown(b'{"a": 1}\n') == '{"a": 1}'
    assert shown(b'{"a": 1') == '{"a": 1 (no newline yet)'
    assert shown(b"\xff") == r"b'\xff'"
    assert shown(line({"text": "я \ud800"})) == r'{"text": "я \ud800"}'  # as it came
    assert len(shown(b"x" * 100_000)) < 250
    lines = difference(b"hello world", b"hello_world")
    assert lines[0].index(" w") == lines[1].index("_w") == lines[2].index("^") and lines[2].endswith("byte 5")


def test_points():
    def checks(**verdicts):
        return [Check(rule.replace("_", "."), "", verdict) for rule, verdict in verdicts.items()]

    own = {"r05_1": PASSED, "r05_2": PASSED}

    def result(**more):
        return points("05_broadcast", checks(**{rule[1:] if rule[0] == "r" else rule: verdict for rule, verdict in (own | more).items()}))

    assert result() == (2, 2)
    assert result(r05_2=FAILED) == result(r05_2=WAITING) == result(r05_2=UNKNOWN) == (1, 2)
    assert result(r01_4=FAILED) == (1, 2)
    assert result(r05_2=ERROR) == (1, 1)
    assert points("05_broadcast", checks(**{"05_1": FAILED, "01_4": FAILED, "01_5": FAILED})) == (0, 1)
