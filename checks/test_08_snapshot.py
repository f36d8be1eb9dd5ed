"""Lesson 08: nothing that may block is done while the lock is held, rule by rule."""

from test_07_lock import *  # noqa: F403  what the lessons before asked still holds; first, for the imports below may bring the same names

from lab.clients import WAIT
from lab.course import after
from lab.day import a_day_in_the_room, and_then, joins_quietly, the_room_empties
from lab.messages import line
from lab.nicks import gets_the_nick
from lab.seen import reader_of

MUCH = 100  # chats in one piece


def test_listens(server):
    """08.1 python server.py listens on 127.0.0.1:9090 and serves until it is stopped

    Write HOST, PORT = "127.0.0.1", 9090 and listen there: 127.0.0.1 is this machine
    alone, 0.0.0.0 would let the whole network in.
    """
    server.listens_on("127.0.0.1", 9090)


def test_nothing_blocks_under_the_lock(server):
    """08.1 No blocking call (send, recv, accept, connect, sleep, a blocking queue or join) while the lock is held

    Copy under the lock who is to hear it, `with lock: snapshot = list(...)`, and send when
    the lock is free again; an answer to one client, too: remember what it is to be.
    """
    with and_then(server.sharing.never_waits):
        a_day_in_the_room(server)
        says_much(server)
        the_room_empties(server)


def says_much(server):
    """One member says more at once than anybody types; some servers brake that."""
    member = joins_quietly(server, "chatterbox")
    member.sends_bytes(b"".join(line({"type": "chat", "text": f"blah {number}"}) for number in range(MUCH)))
    server.is_through_with(member)


@after(test_nothing_blocks_under_the_lock)
def test_nothing_blocks_at_the_end(server):
    """08.1 No blocking call while the lock is held at the server's end either

    A goodbye is a send like any other: copy under the lock who is to hear it, and send it
    when the lock is free again.
    """
    for name in ("alice", "bob", "carol"):
        joins_quietly(server, name)
    server.gets_ctrl_c()
    server.sharing.never_waited()


def test_others_come_and_go_while_a_send_is_stuck(server):
    """08.2 While a send to one member is stuck, others can join and leave

    Whoever joins or leaves needs the lock: it must be free while another thread sends.
    """
    early, alice, bob, carol, last = (server.client(name).joins() for name in ("early", "alice", "bob", "carol", "last"))
    alice.is_told_of(last)
    server.comes_to_rest()
    server.sharing.looks_for((alice, bob, carol))
    with server.holds("send", bob) as hold:
        alice.says("hi bob")
        held = hold.caught()
        bob.did("is slow: the send of this to him takes its time")
        dave = server.client("dave")
        dave.asks_for("dave")
        goes_on(dave, held, "while a send to bob is stuck, dave joins", comes=True)
        for member in (carol, early):
            member.leaves()
            goes_on(member, held, f"while a send to bob is stuck, {member} leaves", comes=False)
        server.waits_until(lambda: server.rests(but=held), 1)
    for member in (bob, last):
        member.hears(alice, "hi bob")


@after(test_others_come_and_go_while_a_send_is_stuck)
def test_others_come_while_one_leaves_to_whom_a_send_is_stuck(server):
    """08.2 While a send to one member is stuck, that member can leave, and others join

    Whoever leaves is taken out under the room's lock: do not wait for the lock of a single
    connection in there, which a send may hold for as long as it takes.
    """
    alice, bob, last = (server.client(name).joins() for name in ("alice", "bob", "last"))
    alice.is_told_of(last)
    server.comes_to_rest()
    server.sharing.looks_for((alice, bob, last))
    with server.holds("send", bob) as hold:
        alice.says("hi bob")
        held = hold.caught()
        bob.did("is slow: the send of this to him takes its time")
        last.forgets_system_messages()
        bob.leaves()
        server.waits_until(lambda: server.rests(but=held), 1)
        last.catches_up()
        is_gone = bool(last.system_messages(bob.nick))  # as the others have been told
        dave = server.client("dave")
        dave.asks_for("dave")
        goes_on(dave, held, "while a send to bob is stuck, who has left meanwhile, dave joins", comes=True)
        again = server.client("the next bob")
        if is_gone and dave.has_something():
            with server.pointing_to(held.where, "the send to the first bob that is stuck"):
                gets_the_nick(again, "bob", "the nick 'bob' is still taken, though the others have been told that bob has left")


@after(test_others_come_and_go_while_a_send_is_stuck)
def test_nick_of_one_who_leaves_while_a_send_is_stuck(server):
    """08.2 While a send to one member is stuck, the nick of another one who has left is free again

    Take it out first, and announce that it has left then: an announcement may take as long
    as its slowest receiver likes.
    """
    alice, bob, carol = (server.client(name).joins() for name in ("alice", "bob", "carol"))
    alice.is_told_of(carol)
    server.comes_to_rest()
    with server.holds("send", bob, count=2) as hold:
        alice.says("hi bob")
        held = hold.caught()
        bob.did("is slow: the send of this to him takes its time")
        carol.leaves()
        told = hold.caught(lambda: server.rests(but=held), count=2, seconds=1)
        again = server.client("the next carol")
        again.asks_for("carol")
        server.waits_until(lambda: again.has_something() or server.rests(but=told), 1)
        is_answered = again.has_something()
    if is_answered and not again.is_in():
        with server.pointing_to(told[-1]["where"], "stuck here while the nick was asked for"):
            raise server.failure("carol has left, and while a send to bob is stuck the nick 'carol' is still taken", "whoever leaves is out, however long it takes to tell the others",
                                 client=again)


def goes_on(client, held, what, comes):
    """Expect that the client is answered, or at least in the room, or out of it, or that its thread waits for something else than the room."""
    def done():
        client.takes()
        return client.end or comes and client.has_something()

    def waits():
        state = client.server.rests(but=held)
        thread = reader_of(client, state) if state else None
        return thread and thread["call"] not in ("join", "sleep", "nap")  # those may be over by themselves

    if not client.server.waits_until(lambda: done() or waits(), WAIT):
        client.server.deadline_passed()
    if not done():
        client.server.sharing.is_not_kept_waiting(client, held, what, comes)
