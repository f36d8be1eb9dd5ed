"""Mixed load: the model allows what the contract allows and nothing else, our servers stand it, and a fault is told as a short story."""

import json
import os

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from lab import stories
from lab.model import DOES, NAMES, Event, Heard, Moment, Room, Share, Step, resolved
from lab.noise import LEFT_OPEN, NOISE, fate, is_survived
from lab.server import Server
from lab.submission import Submission
from lab.verdict import Failure
from soak import QUIETLY, Soak, size
from typed import TOP

SOLUTIONS = Submission(TOP / "solutions")
SERVERS = [lesson for lesson in sorted(os.listdir(SOLUTIONS.path)) if "03" <= lesson[:2] != "06"]


# ------------------------------------------------------------------ the model

def said(who, *texts, certain=True):
    return [Event("said", who, who, text, certain) for text in texts]


def heard(*chats, system=()):
    return Heard([tuple(chat.split(": ")) for chat in chats], list(system))


BOTH = said("alice", "a1", "a2") + said("bob", "b1")


@pytest.mark.parametrize("chats", [("alice: a1", "alice: a2", "bob: b1"), ("bob: b1", "alice: a1", "alice: a2"), ("alice: a1", "bob: b1", "alice: a2")])
def test_chats_of_two_come_in_any_order(chats):
    share = Share("carol", "stays", BOTH)
    assert not share.missing(heard(*chats)) and not share.wrong(heard(*chats))


@pytest.mark.parametrize("chats, words", [
    (("alice: a2", "alice: a1", "bob: b1"), "before 'a1'"), (("alice: a1", "alice: a1"), "twice"), (("alice: a2", "bob: b1"), "before 'a1'"),
    (("bob: a1",), "'alice' said that"), (("alice: a0",), "nobody in the room has said")])
def test_order_of_one_is_kept_and_nothing_comes_twice(chats, words):
    assert words in Share("carol", "stays", BOTH).wrong(heard(*chats))[0]


def test_what_is_certain_is_missed():
    share = Share("carol", "stays", BOTH + [Event("left", "dave", "dave")])
    assert "'a2'" in share.missing(heard("alice: a1", "bob: b1"))
    assert "dave, who has gone" in share.missing(heard("alice: a1", "alice: a2", "bob: b1"))
    assert not share.missing(heard("alice: a1", "alice: a2", "bob: b1", system=["dave has left"]))


def test_own_chats_do_not_come_back():
    assert "itself" in Share("alice", "stays", BOTH).wrong(heard("alice: a1"))[0]


def test_what_comes_before_a_reset_may_be_lost_from_some_point_on_and_for_all_alike():
    events = said("alice", "a1", "a2", certain=False)
    for chats in ((), ("alice: a1",), ("alice: a1", "alice: a2")):
        share = Share("walter", "stays", events)
        assert not share.missing(heard(*chats)) and not share.wrong(heard(*chats))
    assert Share("walter", "stays", events).wrong(heard("alice: a2"))
    happened = resolved(events, heard("alice: a1"))
    assert [event.text for event in happened] == ["a1"] and Share("bob", "stays", happened).missing(heard())
    assert Share("bob", "stays", happened).wrong(heard("alice: a1", "alice: a2"))


def test_a_newcomer_may_hear_any_part_and_a_stranger_nothing():
    for chats in ((), ("alice: a2",), ("bob: b1", "alice: a1")):
        assert not Share("carol", "comes or goes", BOTH).wrong(heard(*chats))
    assert "not in the room" in Share("carol", "stranger", BOTH).wrong(heard("bob: b1"))[0]
    joined = [Event("joined", "dave", "dave")]
    assert "not in the room" in Share("carol", "stranger", joined).wrong(heard(system=["dave has joined"]))[0]
    assert not Share("carol", "stranger", joined, answers=1).wrong(heard(system=["dave is taken"]))


def test_one_that_was_cut_off_has_heard_the_beginning():
    share = Share("dave", "cut off", BOTH, late=True)
    for chats in ((), ("alice: a1",), ("bob: b1", "alice: a1")):
        assert not share.missing(heard(*chats)) and not share.wrong(heard(*chats))
    assert share.wrong(heard("alice: a2"))


def test_a_leaving_is_told_once_and_a_list_of_members_is_no_announcement():
    share = Share("alice", "stays", [Event("left", "bob", "bob")])
    assert not share.wrong(heard(system=["bob has left", "still here: walter, alice, carol"]))
    assert "once" in share.wrong(heard(system=["bob has left", "bob is gone"]))[0]
    assert "neither" in share.wrong(heard(system=["bob has left", "carol too"]))[0]


def run_of(room, *steps):
    return [str(step) for step in room.possible([Step(*step) for step in steps])]


def test_what_makes_no_sense_is_left_out():
    room = Room()
    room.nicks = {"alice": "alice"}
    assert run_of(room, ("alice", "leaves"), ("alice", "chats"), ("bob", "chats"), ("alice", "reads")) == ["alice leaves"]
    assert run_of(room, ("bob", "joins"), ("bob", "chats"), ("bob", "breaks off")) == ["bob joins", "bob chats", "bob breaks off"]
    assert run_of(room, ("bob", "joins"), ("bob", "chats"), ("carol", "joins", 3)) == ["bob joins", "carol joins"], "one nick, asked for by both"


def test_a_nick_may_be_had_or_not_while_its_holder_goes():
    room = Room()
    room.nicks = {"alice": "alice"}
    steps = [Step("alice", "leaves"), Step("bob", "joins", 3)]
    events, answers, open_joins = room.events([(step, ()) for step in steps])
    assert [event.kind for event in events] == ["left"] and [step.who for step in open_joins] == ["bob"]
    events, answers, open_joins = room.events([(steps[1], ())])
    assert not events and not open_joins and answers["bob"] == 1, "it is taken"


def test_a_nick_may_be_had_or_not_while_its_holders_buffers_fill():
    room = Room()
    room.nicks, room.stalled = {"alice": "alice", "dave": "dave"}, {"dave": 0}
    asks = Step("bob", "joins", NAMES.index("dave") - NAMES.index("bob"))
    assert room.events([(Step("alice", "chats"), ["hi"]), (asks, ())])[1:] == ({"bob": 1}, [])
    assert room.events([(Step("alice", "floods"), ["zzz"]), (asks, ())])[1:] == ({}, [asks])


def test_what_a_join_before_a_reset_becomes_is_open():
    events, _, _ = Room().events([(Step("alice", "joins"), ()), (Step("alice", "breaks off"), ())])
    assert [(event.kind, event.certain) for event in events] == [("joined", False), ("left", False)]


# ------------------------------------------------------------------ the stories

def test_each_step_comes_after_each_other():
    does = [moment.steps[0].does for moment in stories.by_one()[1:]]
    assert set(zip(does, does[1:] + does[:1])) == {(one, other) for one in stories.SMALL for other in stories.SMALL}
    mixed = [moment.steps[0] for moment in stories.by_turns()]
    assert {step.who for step in mixed} == set(NAMES) and {step.does for step in mixed} == set(stories.SMALL)
    everything = {step.does for make in stories.FIXED for moment in make() for step in moment.steps}
    assert everything == set(DOES)


def program(lesson, *changes):
    """The solution's files with some lines changed: (old, new)."""
    files = SOLUTIONS.files(lesson)
    text = files["server.py"].decode()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return files | {"server.py": text.encode()}


def test_a_failure_is_told_as_a_short_story():
    """A program that does not tell of those who were refused before."""
    files = program("11_shutdown", ('nick = None\n        try:', 'nick, polite = None, True\n        try:'),
                    ('outbox.put(encode(system("join first', 'polite = False\n                        outbox.put(encode(system("join first'),
                    ("            remove(conn)\n", "            remove(conn, polite)\n"), ("def remove(conn):", "def remove(conn, polite):"),
                    ("        if nick is not None:\n            post(clients, system", "        if nick is not None and polite:\n            post(clients, system"))
    server = Server(files, "11_shutdown")
    try:
        with pytest.raises(Failure, match="did not get a system message about .*, who has gone") as failure:
            stories.hold(server.start(), *stories.FIXED)
    finally:
        server.stop()
    title, lines = failure.value.detail[0]
    assert len(lines) <= 3 and len(server.story.lines()) <= 25, server.story.lines()


def test_hypothesis_finds_the_shortest_story():
    files = program("11_shutdown", ('                    case {"type": "leave"}:\n', '                    case {"type": "leave"} if nick != "carol":\n'))
    story, failure, transcript = Soak(files, "11_shutdown").run(200, number=1)
    assert "carol" in failure.message and size(story) <= (2, 2), story


@pytest.mark.parametrize("lesson, examples", [("07_lock", 10), ("09_dead_clients", 15), ("10_slow_clients", 15), ("11_shutdown", 30)])
def test_our_servers_stand_it(lesson, examples):
    found = Soak(SOLUTIONS.files(lesson), lesson).run(examples, number=3)
    assert not found, (list(map(str, found[0])), found[1].message, found[2])


@pytest.mark.parametrize("moments", [
    ("carol stalls", "alice stalls", "bob floods while carol reads", "alice leaves"),  # she hears late of a joining, while it is not known whether alice is there
    ("dave stalls", "alice floods while bob joins dave"),  # there may be room for bob as dave, or not
    ("dave stalls", "dave sends a piece", "alice floods", "alice floods", "alice floods", "dave joins")])  # the rest of the piece is no part of a new connection
def test_what_is_right_is_called_right(moments):
    def step(words):
        who, *does = words.split()
        nick = does.pop() if does[-1] in NAMES else who
        more = NAMES.index(nick) - NAMES.index(who) if does == ["joins"] else 1
        return Step(who, " ".join(does), more)

    soak = Soak(SOLUTIONS.files("11_shutdown"), "11_shutdown")
    try:
        soak.goes_through([Moment(tuple(map(step, moment.split(" while ")))) for moment in moments])
    finally:
        soak.stop()


# ------------------------------------------------------------------ any bytes

JSON = st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
MESSAGES = st.fixed_dictionaries({"type": st.sampled_from(["join", "chat", "dance"]) | JSON}, optional={"user": st.text() | JSON, "text": st.text() | JSON})


def as_line(message):
    return json.dumps(message).encode()


def with_a_change(data, at, byte):
    at %= len(data)
    return data[:at] + bytes([byte]) + data[at + 1:]


LINES = st.one_of(st.binary(max_size=300), st.sampled_from(NOISE + LEFT_OPEN), MESSAGES.map(as_line),
                  st.builds(with_a_change, MESSAGES.map(as_line), st.integers(0, 999), st.integers(0, 255)))


def in_pieces(data, cuts):
    at = sorted(cut % (len(data) + 1) for cut in cuts)
    return [data[start:end] for start, end in zip([0, *at], [*at, len(data)])]


@pytest.mark.parametrize("lesson", SERVERS)
def test_any_bytes_of_one_take_nothing_from_the_others(lesson):
    """They are in pieces, too; and no thread of our servers dies of them."""
    server = Server(SOLUTIONS.files(lesson), lesson).start()

    @seed(5)
    @settings(max_examples=25, **QUIETLY)
    @given(st.lists(LINES, min_size=1, max_size=3).map(b"\n".join), st.lists(st.integers(0, 1 << 16), max_size=4), st.booleans())
    def all_survived(data, cuts, served):
        is_survived(server, in_pieces(data, cuts), served)

    try:
        all_survived()
        for data in NOISE + LEFT_OPEN:
            is_survived(server, [data], served=False)
        assert not server.program.errors
    finally:
        server.stop()


@pytest.mark.parametrize("data, becomes", [
    (b"{}", "goes on"), (b"[]", "ends"), (b"{", "ends"), (b"\xff", "ends"), (b'{"a": NaN}', None), (b"[" * 30_000, None), (b"", None),
    (b"{}\n[]", "ends"), (b'{"type": "leave"}', None), (rb'{"a": "\ud800"}', None), (b"x" * 70_000, "ends"), (b'{"a": ' + b"1" * 5000 + b"}", None)])
def test_what_becomes_of_a_line(data, becomes):
    assert fate(data) == becomes
