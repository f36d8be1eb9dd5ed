"""Lesson 07: shared state, and the lock that guards it, rule by rule."""

import itertools

from test_05_broadcast import *  # noqa: F403  what the lessons before asked still holds; first, for the imports below may bring the same names

from lab.course import after, alone, basis
from lab.day import (
    GOING, a_day_in_the_room, and_then, breaks_off, dies_unnoticed, fence, finishes_sending, is_heard_and_leaves, is_over, joins_quietly, leaves,
    says_and_done, the_lock_is_held_for_long, the_room_empties, the_room_lives)
from lab.evidence import place
from lab.faults import MOST_POINTS
from lab.messages import line
from lab.nicks import (
    SOON, ask_while_both_are_late, ask_while_one_is_late, come_and_go_while_late, first_two_ask_while_one_is_late, gets_the_nick, is_free_soon, is_not_let_in,
)
from test_06_client import test_chat_is_shown, test_joins_first, test_line_is_sent, test_no_server, test_quit, test_server_closes  # noqa: F401

del (  # the newcomer is in 07.1 now, who comes and goes meanwhile in 07.3, and the dead are in lesson 09
    test_chat_while_others_come_and_go, test_newcomer_is_told, test_others_get_the_message, test_others_get_the_message_whatever_error_it_is,
    test_namesakes, test_others_go_on_when_an_answer_fails, test_the_same_twice)

SEND_ERRORS = "EPIPE", "ECONNRESET"  # with which a send fails, see send(2)
MANY = 20  # joins with a taken nick on one connection
MOST_SECTIONS = 3  # critical sections of a join that are looked at in pairs


def test_listens(server):
    """07.1 python server.py listens on 127.0.0.1:9090 and serves until it is stopped

    Write HOST, PORT = "127.0.0.1", 9090 and listen there: 127.0.0.1 is this machine
    alone, 0.0.0.0 would let the whole network in.
    """
    server.listens_on("127.0.0.1", 9090)


@basis
def test_join(server):
    """07.1 A join is announced to all, the newcomer included, when the nick is free

    One thread may hold a lock only once: what is called inside `with lock` must not take
    it again.
    """
    alice, bob = server.client("alice").joins(), server.client("bob").joins()
    alice.is_told_of(bob)
    alice.says("hi")
    bob.hears(alice, "hi")


def test_taken_nick(server):
    """07.1 A join with a taken nick is refused by a system message; the client may try another nick

    Look whether the nick is among those of the members before you put the new one in.
    A refused client has not joined, and has no nick: it goes on as before.
    """
    early = server.client("an early client")
    server.is_through_with(early)
    alice, bob = server.client("alice").joins(), server.client("bob").joins()
    for other, nick, another in ((early, "alice", "peggy"), (server.client("a second bob"), "  bob ", "quinn"), (server.client("a third bob"), "\tbob\u00a0", "rosa")):
        is_not_let_in(other, nick)
        other.joins(another)
        is_heard_and_leaves(other, another)
    hasty = server.client("a hasty bob")
    hasty.sends_bytes(b"".join(line({"type": "join", "user": nick}) for nick in ("bob", "sybil")))
    hasty.is_told_of("sybil", "of two joins in one piece the first, with a taken nick, is refused, and the second is answered by a system message with the nick 'sybil'")
    is_heard_and_leaves(hasty, "sybil")
    long = [f"{'a' * 15}{middle}{'b' * 15}{last}" for middle, last in ("xx", "yx", "xy")]  # 32 characters each
    server.client("somebody with a long name").joins(long[0])
    server.client("somebody with an accent").joins("Zo\u00eb")
    for nick in ("Bob", "bobb", "bo", "Zoe\u0308", *long[1:]):  # the last but two looks like the one above, and is another
        similar = server.client(f"somebody called {nick}")
        similar.asks_for(nick)
        similar.is_told(f"a join with the nick {nick!r} is answered by a system message")
        if not similar.is_in():
            raise server.failure(f"the nick {nick!a} was refused, though nobody in the room has just this one", "a nick is taken by a member of just this nick", client=similar)
    alice.says("still me")
    bob.hears_from(alice, "still me")
    may_be_refused_often(server.client("a stubborn bob"), "bob")


def may_be_refused_often(client, nick):
    for _ in range(MANY):
        client.sends({"type": "join", "user": nick})
        client.is_told(f"a join with the taken nick {nick!r} is answered by a system message, however often")
    client.server.cannot_send_to(client, SEND_ERRORS[0])
    client.sends({"type": "join", "user": nick})
    client.server.is_through_with(client)
    client.closes()
    client.server.does_not_recurse(MANY, "refused join", "however often a client is refused, it may try again")


@after(test_taken_nick)
def test_taken_nick_is_private(server):
    """07.1 A refused join is answered to that client alone and not announced

    Send the refusal to the connection that asked, not to the room.
    """
    alice, bob = server.client("alice").joins(), server.client("bob").joins()
    stranger = server.client("stranger")
    stranger.is_refused({"type": "dance"}, "an unknown type before the join")
    alice.is_told_of(bob)
    fence(alice, bob)
    server.waits_until(server.rests, 1)
    for client in (alice, bob, stranger):
        client.forgets_system_messages()
    is_not_let_in(server.client("a second bob"), "bob")
    fence(alice, bob)
    server.waits_until(server.rests, 1)
    stranger.catches_up()
    for client in (alice, bob, stranger):
        client.was_told_nothing("a refused join is answered to that client alone, and not announced")


@after(test_taken_nick)
def test_refused_goes_unnoticed(server):
    """07.1 When a client that was refused goes, the member whose nick it wanted stays

    Clean up what this client has put in, not what is found by the nick that it asked for.
    """
    alice, bob = server.client("alice").joins(), server.client("bob").joins()
    alice.is_told_of(bob)
    before = server.counts()
    for goes in (leaves, finishes_sending, breaks_off):
        other = server.client("a second bob")
        is_not_let_in(other, "bob")
        goes(other)
        server.settles(*before)
        is_over(alice, bob)
        another = server.client("a third bob")
        is_not_let_in(another, "bob")
        another.closes()
        server.settles(*before)


@after(test_taken_nick)
def test_refused_was_never_in(server):
    """07.1 Who is refused has not been in the room for a moment, in whatever order the threads run

    Look whether the nick is taken before you put the new one in; what is put in first and
    taken out again afterwards has been a member in between.
    """
    alice, other = server.client("alice").joins(), server.client("a second bob")
    server.client("bob").joins()
    before = None
    for point in range(1, MOST_POINTS):
        with server.holds("recv", other, point) as hold:
            other.asks_for("bob")
            held = hold.caught(other.has_something, seconds=1)
            sections = server.sections(held[0]) if held else 0
            before = sections if before is None else before
            if held and sections > before:
                other.did("is served by a thread that is late just now, after its first critical section, at " + place(held.where))
                alice.says(f"{point}")
                server.waits_until(lambda: server.rests(but=held), 1)
        other.is_told("a join with the taken nick 'bob' is answered by a system message")
        if other.takes_chat(f"{point}"):
            failure = server.failure(f"a second bob, whose nick is taken, heard what alice said: its thread was late at {place(held.where)}, and it was a member then",
                                     "who is refused is no member, not for a moment", other)
            failure.where = server.evidence.spots(held.where, "one thread was late here, after its first critical section, and another went on") + failure.where
            raise failure
        if not held:
            break
    other.joins("peggy")
    alice.says("welcome")
    other.hears_nothing_before(alice, "welcome")


@after(test_taken_nick)
def test_member_stays_in_while_it_is_refused(server):
    """07.1 Nobody gets a member's nick while a second join of that member is refused

    Refuse the second join and touch nothing: who is taken out and put back has been out of
    the room in between.
    """
    alice = server.client("alice").joins()
    for number in range(1, MOST_POINTS):
        another = server.client("another alice")
        with server.holds("section", alice, number) as hold:
            alice.sends({"type": "join", "user": "peggy"})
            held = hold.caught(alice.has_something, seconds=1)
            if held:
                alice.did(f"is served by a thread that is late just now, behind a critical section, at {place(held.where)}")
                another.asks_for("alice")
                server.waits_until(lambda: another.has_something() or server.rests(but=held), 1)
        alice.is_told("a second join is answered by a system message")
        if not held:
            break
        with server.pointing_to(held.where, "one thread was late here, and another went on"):
            another.is_told("a join with the taken nick 'alice' is answered by a system message")
            if another.is_in():
                raise server.failure("another one was let in as 'alice', while a second join of alice was served", "a nick belongs to one member at a time", client=another)
    peggy = server.client("peggy")
    peggy.asks_for("peggy")
    peggy.is_told("a join with the nick 'peggy' is answered by a system message")
    if not peggy.is_in():
        raise server.failure("the nick 'peggy' is taken, though nobody in the room has it: a second join of alice, as 'peggy', was refused",
                             "a refused join changes nothing", client=peggy)


@after(test_taken_nick)
def test_nick_is_free_again(server):
    """07.1 A nick is free again once its member has left, however it left

    Take the member out on every way out of the client's thread.
    """
    alice = server.client("alice").joins()
    before = server.counts()
    for goes, nick in (*((goes, "bob") for goes in GOING), (leaves, "  bob ")):
        bob = server.client("bob").joins(nick)
        server.witness.forgets_system_messages()  # or that of his coming might be taken for that of his going
        goes(bob)
        server.witness.is_told_of(bob)
        server.settles(*before)
        again = server.client("the next bob")
        gets_the_nick(again, "bob", f"the nick 'bob' is still taken, though bob has gone (he {goes.__name__.replace('_', ' ')})")
        server.witness.forgets_system_messages()
        again.leaves()
        server.witness.is_told_of("bob")
        server.settles(*before)
    gone = server.client("a bob who goes at once")
    server.cannot_send_to(gone, SEND_ERRORS[0])
    gone.asks_for("bob")
    server.is_through_with(gone)
    gone.resets()
    with server.pointing_to(server.failed_send_to(gone), "this send to a bob who goes at once fails"):
        is_free_soon(server, "bob", "a bob has gone while he was answered")
    alice.is_heard_as("alice")


@after(test_nick_is_free_again)
def test_nick_is_free_again_when_the_room_was_empty(server):
    """07.1 A nick is free again also when the last member has left

    Take out whoever goes, and look at nothing else: that nobody is left is no reason to keep one.
    """
    for goes in (leaves, finishes_sending, breaks_off):
        last = server.kind(server, goes.__name__).joins()  # not server.client(), before whom walter comes, and stays
        goes(last)
        server.notices(last)
    for goes in (leaves, finishes_sending, breaks_off):
        again = server.kind(server, "again")
        gets_the_nick(again, goes.__name__, f"the nick {goes.__name__!r} is still taken, though its member, the only one in the room, has gone", SOON)


@after(test_nick_is_free_again)
def test_nick_is_free_for_who_was_refused(server):
    """07.1 Who was refused a nick gets it when its member has left, and is told nothing before that

    Look at the members each time: what was taken once need not be taken now. And who has not
    joined hears nothing of those who go.
    """
    bob, again = server.client("bob").joins(), server.client("a second bob")
    is_not_let_in(again, "bob")
    server.witness.forgets_system_messages()
    again.forgets_system_messages()
    leaves(bob)
    server.witness.is_told_of(bob)
    server.waits_until(server.rests, 1)
    again.catches_up()
    again.was_told_nothing("who has not joined hears nothing, not even that a nick is free")
    gets_the_nick(again, "bob", "the nick 'bob' is still refused to somebody who has asked for it before, though bob has gone", SOON)


@after(test_taken_nick)
def test_same_nick_at_the_same_moment(server):
    """07.2 Of two that ask for the same nick at the same moment exactly one gets it, in whatever order the threads run

    Look for the nick and put it in without letting the lock go in between: both inside
    one `with lock`.
    """
    most = min(ask_while_one_is_late(server), MOST_SECTIONS)
    for number, sections in enumerate(itertools.product(range(1, most + 1), repeat=2)):
        ask_while_both_are_late(server, f"{number}", *sections)
    for section in range(1, most):  # it may be looked in this one, and taken in the next
        ask_while_both_are_late(server, f"{section} then", section, most, leaves=True)
    for number, sections in enumerate(itertools.product(range(1, MOST_SECTIONS + 1), repeat=2)):
        if not ask_while_both_are_late(server, f"{number} again", *sections, refused="walter"):
            break


@after(test_same_nick_at_the_same_moment)
def test_same_nick_in_an_empty_room(server):
    """07.2 Of the first two who come, and ask for the same nick at the same moment, exactly one gets it

    That nobody is there yet is no reason to take a nick without the lock, or without a
    look: another one may be coming at this very moment.
    """
    first_two_ask_while_one_is_late(server)


@alone
def test_one_lock(server):
    """07.3 Every thread touches the members only while it holds one and the same lock

    Wherever the members are read, changed, counted or gone through: inside `with lock`,
    and the same lock everywhere. A view or a generator is gone through where it is used.
    """
    with and_then(server.sharing.is_guarded):
        a_day_in_the_room(server)
        the_lock_is_held_for_long(server)
        the_room_empties(server)


@after(test_one_lock)
def test_one_lock_at_the_end(server):
    """07.3 At the server's end, too, the members are touched only while the lock is held

    When Ctrl-C comes the clients' threads are at their work, and others may come: the
    main thread, which says goodbye or closes their connections, is a thread like any other.
    """
    for name in ("alice", "bob", "carol"):
        joins_quietly(server, name)
    with server.sharing.is_guarded_to_the_end():
        server.gets_ctrl_c()


@after(test_taken_nick, test_same_nick_at_the_same_moment, test_one_lock)
def test_others_come_and_go_between(server):
    """07.3 Who comes or goes while another does is in the room, or out of it, in whatever order the threads run

    What a thread has read of the members may be no longer true when it takes the lock
    again: look, and change what you have seen, inside one `with lock`.
    """
    alice = server.client("alice").joins()
    for name, coming, what, most in (("ann", True, "section", MOST_POINTS), ("bea", False, "section", MOST_POINTS), ("cid", False, "closed", 1)):
        for point in range(1, most + 1):
            late = server.client(f"{name}-{point}")
            if not coming:
                late.joins()
            leaver = server.client(f"dan-{late}").joins()
            server.witness.forgets_system_messages()
            if not come_and_go_while_late(alice, leaver, late, coming, server.holds(what, late, point)):
                break


def test_lock_is_free_after_refusals(server):
    """07.4 The lock is free again after a message was refused

    `with lock:` releases it on every way out, return and break included; acquire() needs
    a release() in a finally.
    """
    alice = server.client("alice").joins()
    stranger = server.client("stranger")
    for client, message, what in ((stranger, {"type": "join", "user": "alice"}, "a join with a taken nick"),
                                  (stranger, {"type": "join", "user": "x" * 33}, "a nick that is too long"),
                                  (stranger, {"type": "chat", "text": "hi"}, "a chat before the join"),
                                  (alice, {"type": "join", "user": "peggy"}, "a second join"),
                                  (alice, {"type": "chat"}, "a chat without a text")):
        client.sends(message)
        server.is_through_with(client)
        the_room_lives(server, f"{what} was refused")


def test_lock_is_free_after_leavings(server):
    """07.4 The lock is free again after a client has gone, on whatever way, member or not

    `with lock:` releases it also when an exception leaves the block; acquire() needs a
    release() in a finally.
    """
    for joins in (True, False):
        for goes in GOING:
            client = server.client("bob" if joins else "stranger")
            if joins:
                client.joins()
            goes(client)
            server.notices(client)
            the_room_lives(server, f"a {'member' if joins else 'stranger'} {goes.__name__.replace('_', ' ')}")


def test_lock_is_free_after_a_failed_send(server):
    """07.4 The lock is free again after a send has failed

    A send to somebody who has gone raises OSError: `with lock:` releases the lock on this
    way, too.
    """
    alice = server.client("alice").joins()
    dies_unnoticed(server, server.client("bob").joins(), alice)
    the_room_lives(server, "a send to a member failed")
    for error in SEND_ERRORS:
        dead = server.client(f"bob-{error}").joins()
        server.cannot_send_to(dead, error)
        says_and_done(alice)
        the_room_lives(server, f"a send to a member failed ({error})")
        dead.resets()
    for number, (message, what) in enumerate((({"type": "join", "user": "alice"}, "the answer to a join with a taken nick"),
                                              ({"type": "chat", "text": "hi"}, "the answer to a chat before the join"),
                                              ({"type": "join", "user": "carol"}, "the answer to a join")), 1):
        client = server.client(f"client {number}")
        server.cannot_send_to(client, SEND_ERRORS[number % 2])
        client.sends(message)
        server.is_through_with(client)
        the_room_lives(server, f"{what} failed")
        client.closes()


def test_lock_is_free_after_half_a_character(server):
    r"""07.4 The lock is free again after a text that cannot be printed or sent: an escape like \ud83d, half of a pair

    Any line inside may raise, print() as well: `with lock:` releases the lock all the same.
    """
    for joins, message in ((False, rb'{"type": "join", "user": "\ud83d"}'), (True, rb'{"type": "chat", "text": "\ud83d"}')):
        odd = server.client("mallory")
        if joins:
            odd.joins()
        odd.sends_bytes(message + b"\n")
        server.is_through_with(odd)
        odd.closes()
        the_room_lives(server, f"a {'chat' if joins else 'join'} with half of a character")


def test_one_order(server):
    """07.4 No two locks are taken in opposite order

    Two threads that hold one lock each and want the other's wait for ever. Take locks in
    one order everywhere, or one at a time.
    """
    with and_then(server.sharing.has_one_order):
        a_day_in_the_room(server)
