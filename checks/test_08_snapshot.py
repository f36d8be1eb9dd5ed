"""Lesson 08: nothing that may block is done while the lock is held, rule by rule."""

from lab.clients import WAIT, line
from lab.course import after
from lab.day import a_day_in_the_room, and_then, joins_quietly
from test_01_echo import (  # noqa: F401  what the lessons before asked still holds
    test_after_a_reset, test_after_a_reset_before_it_is_served, test_half_close, test_next_client, test_same_port_again, test_short_sends, test_silence)
from test_02_threads import test_ctrl_c, test_hundred_clients, test_silent_client, test_threads_end  # noqa: F401
from test_03_messages import (  # noqa: F401
    test_end_inside_a_line, test_line_too_long, test_line_without_end, test_longest_message, test_not_an_object,
    test_not_utf8, test_reset_inside_a_line)
from test_04_join import (  # noqa: F401
    test_any_nick, test_any_text, test_first_message_is_a_join, test_gone, test_leave, test_missing_field, test_pieces,
    test_second_join, test_unknown_type, test_wrong_kind, test_wrong_nick)
from test_05_broadcast import (  # noqa: F401
    test_chat_before_a_bad_line, test_chat_to_the_others, test_end_by_a_bad_line_is_announced, test_end_is_announced, test_every_other_member,
    test_leave_is_announced, test_members_are_told, test_not_to_the_sender, test_order, test_order_when_a_send_is_late, test_order_when_sends_are_short,
    test_refusal_is_private, test_refused_join_is_private, test_reset_is_announced, test_stranger_goes_unnoticed,
    test_stranger_hears_nothing, test_stranger_is_not_heard, test_stranger_is_told_nothing, test_announced_once_though_a_send_fails)
from test_06_client import (  # noqa: F401
    test_chat_is_shown, test_joins_first, test_line_is_sent, test_no_server, test_quit, test_server_closes)
from test_07_lock import (  # noqa: F401
    test_join, test_lock_is_free_after_a_failed_send, test_lock_is_free_after_half_a_character, test_lock_is_free_after_leavings,
    test_lock_is_free_after_refusals, test_nick_is_free_again, test_one_lock, test_one_lock_at_the_end, test_one_order, test_others_come_and_go_between,
    test_refused_goes_unnoticed, test_refused_was_never_in, test_same_nick_at_the_same_moment, test_taken_nick, test_taken_nick_is_private)

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
    the lock is free again.
    """
    with and_then(server.sharing.never_waits):
        a_day_in_the_room(server)
        says_much(server)


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


def goes_on(client, held, what, comes):
    """Expect that the client is answered, or at least in the room, or out of it, or that its thread waits for something else than the room."""
    if not client.server.waits_until(lambda: client.has_something() or client.server.rests(but=held), WAIT):
        client.server.deadline_passed()
    if not client.has_something():
        client.server.sharing.is_not_kept_waiting(client, held, what, comes)
