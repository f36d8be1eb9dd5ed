"""A failure points to the lines by which the program has gone wrong, where they can be seen: what is run for one message only, what loses something."""

import pytest
from gallery import HERE, read
from lab.course import Run, checks_of
from lab.judge import judge
from lab.verdict import FAILED


def judged(name, check, tmp_path):
    """This program of the gallery, judged by one check and those that it waits for; its failure, and the source of the lines to which it points."""
    exhibit = read(HERE / "gallery" / f"{name}.py")
    run = Run(exhibit.hand_in(tmp_path))
    checks = checks_of(exhibit.lesson)
    wanted = next(one for one in checks if one.name == check)
    run.checks[exhibit.lesson] = [wanted]
    judge(run, exhibit.lesson)
    failed = run.checks[exhibit.lesson][0]
    assert failed.verdict == FAILED
    sources = {file: (run.submission.files(exhibit.lesson)[file]).decode().splitlines() for file in {spot["file"] for spot in failed.where}}
    return failed, [(sources[spot["file"]][spot["line"] - 1].strip(), spot["what"]) for spot in failed.where]


@pytest.mark.parametrize("name, check, line, what", [
    ("04_join/wrong/join_not_answered", "test_join", 'print(nick, "has joined")', 'is run for {"type": "join", "user": "alice"}, and not for'),
    ("04_join/wrong/leave_not_closed", "test_leave", "nick = None", 'is run for {"type": "leave"}, and not for'),
    ("04_join/wrong/refused_silently", "test_first_message_is_a_join", "case _:", 'is run for {"type": "chat", "text": "hi"}'),
    ("05_broadcast/wrong/slash_commands", "test_every_other_member", "run_command(conn, text)  # <--", 'is run for {"type": "chat", "text": "/tmp is <full> &"}, and not for'),
    ("10_slow_clients/wrong/drops_the_newest", "test_bound", "pass", "is run when alice speaks only since there is much to be sent"),
    ("10_slow_clients/wrong/drops_the_oldest", "test_bound", "self.letters.append(letter)", "puts something into a deque that is full"),
])
def test_points_to(name, check, line, what, tmp_path):
    _, where = judged(name, check, tmp_path)
    assert any(source == line and words.startswith(what) for source, words in where[:6]), "\n".join(map(str, where))


def test_a_circle_of_joins(tmp_path):
    failed, where = judged("09_dead_clients/wrong/joins_the_dead", "test_two_find_each_other_dead", tmp_path)
    assert "the thread of dan waits for ever for the end of the thread of eve" in failed.message
    assert where[0][0].startswith("thread.join()")
