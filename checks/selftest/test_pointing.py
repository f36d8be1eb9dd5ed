"""A failure points to the lines by which the program has gone wrong, where they can be seen: what is run for one message only, what loses something."""

import pytest
from gallery import judged_by
from lab.verdict import FAILED


def failure_of(name, check, folder):
    """This check, by which this program of the gallery fails, and where it points: (check, [(source of the line, what)])."""
    failed = judged_by(name, check, folder)
    assert failed.verdict == FAILED
    lesson = folder / name.partition("/")[0]
    return failed, [((lesson / spot["file"]).read_text().splitlines()[spot["line"] - 1].strip(), spot["what"]) for spot in failed.where]


@pytest.mark.parametrize("name, check, line, what", [
    ("02_threads/wrong/idle_timer", "test_threads_end", "self.timer.start()  # <--", "starts a thread that still runs"),
    ("04_join/wrong/join_not_answered", "test_join", 'print(nick, "has joined")', 'is run for {"type": "join", "user": "alice"}, tried once more, and not for'),
    ("04_join/wrong/leave_not_closed", "test_leave", "nick = None", 'is run for {"type": "leave"}, tried once more, and not for'),
    ("04_join/wrong/refused_silently", "test_first_message_is_a_join", "case _:", 'is run for {"type": "chat", "text": "hi"}'),
    ("05_broadcast/wrong/slash_commands", "test_every_other_member", "run_command(conn, text)  # <--", 'is run for {"type": "chat", "text": "/tmp is <full> &"}, tried once more, and not for'),
    ("09_dead_clients/wrong/nick_not_freed", "test_found_by_a_send", "send_json(c, obj)", "a send to bob, who is dead, fails here"),
    ("10_slow_clients/wrong/drops_the_newest", "test_bound", "pass", "is run when alice speaks only since there is much to be sent"),
    ("10_slow_clients/wrong/drops_the_oldest", "test_bound", "self.letters.append(letter)", "puts something into a deque that is full"),
])
def test_points_to(name, check, line, what, tmp_path):
    _, where = failure_of(name, check, tmp_path)
    assert any(source == line and words.startswith(what) for source, words in where[:6]), "\n".join(map(str, where))


def test_a_circle_of_joins(tmp_path):
    failed, where = failure_of("09_dead_clients/wrong/joins_the_dead", "test_two_find_each_other_dead", tmp_path)
    assert "the thread of dan waits for ever for the end of the thread of eve" in failed.message
    assert where[0][0].startswith("thread.join()")


def test_a_connection_that_is_closed_already(tmp_path):
    _, where = failure_of("03_messages/wrong/one_recv_one_message", "test_end_inside_a_line", tmp_path)
    assert where[0][1] == "sends this to alice" and not any("is to end" in words for _, words in where)
