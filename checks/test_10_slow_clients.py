"""Lesson 10: members who do not read, and what becomes of the others, rule by rule."""

import contextlib
import time

from test_09_dead_clients import *  # noqa: F403  what the lessons before asked still holds; first, for the imports below may bring the same names

from lab.clients import WAIT
from lab.course import after
from lab.day import breaks_off, breaks_off_unnoticed, finishes_sending, hear, is_over, joins_quietly, leaves, meet, says_and_is_heard
from lab.evidence import place
from lab.faults import MOST_POINTS, points
from lab.nicks import is_free_again
from lab.stalled import (
    LONG, LONGEST, MANY, MOST, MOST_QUOTED, MUCH, PATIENCE, REFUSALS, REFUSED, SHORT, comes_and_goes, fills_up, has_left,
    has_room_for, is_heard_in_pieces, is_told_if_it_is_closed, joins_slowly, keeps_news, keeps_refusals, life_goes_on, misses_nothing, no_room_for,
    on_the_wire, piles_up, reads_too_late, says_them_at_once, says_until_it_leaves, size, stops_reading, what_is_quoted)
from lab.verdict import Failure, Unknown
from lab.wire import all_comes_when_a_reader_is_late, all_comes_when_its_sender_is_late, cut_in_two, has_come, says
from test_01_echo import test_half_close
from test_07_lock import test_one_lock
from test_09_dead_clients import test_a_late_clean_up

# So many messages at once are more than an outbox need hold; 10.3 has the short sends; and what the last one
# holds back may have been sent by a writer before any send can fail.
del test_order, test_order_when_sends_are_short, test_found_after_a_newcomer_has_joined

WAYS = leaves, finishes_sending, breaks_off
STALLED = 34  # members who do not read at the same time: more than a ThreadPoolExecutor has threads by itself
ROOM = 1000  # messages: an outbox of so many is full then, and whoever waits for room is seen
MORE_THAN_ROOM = 1300  # the same for one with a little more
SOME = 110  # of these are long
FEW = 300
MORE, NEWS = 50, 15  # messages of a thousand bytes for which there may be room where there is none for a long one; members who come and go then
FESTIVE, MUCH_GOES_BY = "🎉" * 2000, 510  # more than 3 MB more in bytes than in characters
CLEARLY = 0.8  # of what was kept for one member another one was disconnected for, if the bound is not one and the same
NOT_LONG = 0.25  # seconds that a send may take for whoever waits for its end


def test_listens(server):
    """10.1 python server.py listens on 127.0.0.1:9090 and serves until it is stopped

    Write HOST, PORT = "127.0.0.1", 9090 and listen there: 127.0.0.1 is this machine
    alone, 0.0.0.0 would let the whole network in.
    """
    server.listens_on("127.0.0.1", 9090)


def test_others_hear_while_a_send_waits(server):
    """10.1 While there is no room for what is sent to one member, the others' messages flow on

    Whoever has something for a member puts it into that member's outbox and goes on. A
    thread of the member's own takes it out and sends it: it alone waits for the member.
    """
    server.patience = PATIENCE
    alice, bob, carol = meet(server, "alice", "bob", "carol")
    with server.holds("full", bob), server.while_it_reads_nothing(bob):
        bob.did("is slow: there is no room for anything that is sent to him")
        bob.reads = False
        life_goes_on(server, alice, carol)


@after(test_others_hear_while_a_send_waits)
def test_others_hear_while_a_member_does_not_read(server):
    """10.1 A member that stops reading delays nobody, when all that the system keeps for it is full

    The system takes what is sent to such a member until its buffers are full; the next
    send waits. That must not be a send in another member's thread, and nobody may wait for
    room in an outbox either.
    """
    server.patience = PATIENCE
    alice, carol, bob = server.client("alice").joins(), server.client("carol").joins(), joins_slowly(server, "bob")
    with server.while_it_reads_nothing(bob):
        said = stops_reading(bob, alice, carol)
        life_goes_on(server, alice, carol)
        piles_up(bob, alice, said, SHORT, lambda: len(said) > ROOM)


@after(test_others_hear_while_a_send_waits)
def test_others_hear_while_many_sends_wait(server):
    """10.1 While there is no room for what is sent to many members, the others' messages flow on

    However many do not read: each has a thread of its own that waits for it. A pool of
    threads is empty when each of them waits for somebody.
    """
    server.patience = PATIENCE
    alice, carol, *slow = meet(server, "alice", "carol", *(f"slow-{number}" for number in range(STALLED)))
    with contextlib.ExitStack() as stack:
        for member in slow:
            stack.enter_context(server.holds("full", member))
            member.reads = False
        slow[0].did(f"and {STALLED - 1} others are slow: there is no room for anything that is sent to them")
        stack.enter_context(server.while_it_reads_nothing(slow[0]))
        alice.says("is anybody there?")
        server.waits_until(server.stands_still, 1)
        if not any(server.gives_up_on(member, seconds=5) for member in slow):  # who waits for each of them in turn, and not for long, needs so long for all
            for member in (carol, server.witness):
                member.hears_from(alice, "is anybody there?")
            life_goes_on(server, alice, carol)


@after(test_others_hear_while_a_send_waits)
def test_others_hear_when_two_find_room_for_one(server):
    """10.1 Whoever has found room for one more in an outbox waits for nobody, also when another one was faster

    Between full() and put() another thread may put something in. Try put_nowait(), and
    catch the queue.Full that it raises when there is no room; or look and put under one lock.
    """
    server.patience = PATIENCE
    alice, bob, carol = meet(server, "alice", "bob", "carol")
    if not server.ask("bounded"):
        return
    server.is_through_with(carol)
    server.witness.forgets_system_messages()
    with server.holds("full", bob), server.holds("put", alice) as hold:
        bob.did("is slow: there is no room for anything that is sent to him")
        bob.reads = False
        with server.while_it_reads_nothing(bob):
            piles_up(bob, alice, said := [], "", lambda: len(said) > ROOM, held=lambda: hold.held)
        held = hold.held
        if held:
            alice.did(f"is served by a thread that is late just now, at {place(held.where)}, where there is room for one more")
            carol.says("me first")
            server.waits_until(lambda: server.rests(but=held), WAIT)
            hold.release()
        alice.says("and now?")
        with server.pointing_to(held.where, "had found room here: another one was faster"):
            for member in (carol, server.witness):
                member.hears_at_last(alice, "and now?")


@after(test_others_hear_while_a_send_waits)
def test_others_hear_when_there_is_no_more_room(server):
    """10.1 When an outbox is full, nobody waits for room in it, and all others get the message

    put_nowait() does not wait, put() with a time-out does. And who takes a member out of
    a list while going through it jumps over the next one: go through a copy.
    """
    server.patience = PATIENCE
    alice, bob = server.client("alice").joins(), server.client("bob").joins()
    carol = server.client("carol").joins()  # behind bob: who goes through the members comes to him first
    has_room_for(alice, bob, talk(MORE_THAN_ROOM), carol)


def talk(number):
    """So many texts, the first of which are long."""
    return [f"{each} {LONG if each < SOME else ''}" for each in range(number)]


def test_reads_again(server):
    """10.2 A member that reads again before the bound is reached misses nothing

    Keep what is for the member, in order, until it has been sent; drop nothing.
    """
    server.patience = PATIENCE
    alice, bob = server.client("alice").joins(), joins_slowly(server, "bob")
    with server.pointing_to_what_is_lost(alice, lambda: is_heard_in_pieces(alice, (bob, server.witness))):
        with server.while_it_reads_nothing(bob):
            said = stops_reading(bob, alice)
            if server.gives_up_on(bob, seconds=5):
                fills_up(bob, alice, said)
                server.waits_until(lambda: server.has_given_up_on(bob) or has_left(bob), PATIENCE)
            for number in range(3):
                says_and_is_heard(alice, (server.witness,), f"one more: {number} {LONG}", said)
            dave = comes_and_goes(server, "dave")
            for number in range(3):
                says_and_is_heard(alice, (server.witness,), f"one more: {number}", said)
        bob.reads_again()
        if misses_nothing(bob, said):
            bob.is_told("bob is told that dave has joined, and that dave has left", dave.nick)
            bob.is_told("bob is told that dave has left", dave.nick)
            for text in ("and now?", "and again?"):
                says_and_is_heard(alice, (bob, server.witness), text)


@after(test_reads_again)
def test_bound(server):
    """10.2 What is kept for a member that does not read is bounded; then it is disconnected, and its leaving is announced

    Count what waits in the outbox, in messages or in bytes. When it is too much, end the
    connection (shutdown() wakes both of its threads), and do not wait: not for room, and
    not for the member.
    """
    server.patience = PATIENCE
    alice, bob = server.client("alice").joins(), joins_slowly(server, "bob")
    alice.forgets_system_messages()
    with server.pointing_to_what_is_lost(alice, lambda: is_heard_in_pieces(alice, (bob, server.witness))):
        said = reads_too_late(bob, alice)
        others = alice, server.witness
        for member in others:
            member.is_told_of(bob, f"{member} is told that bob has left")
        is_over(*others)
        for member in others:
            member.was_told_nothing(f"{member} is told once that bob has left", about="bob", more="one more")
        is_free_again(server, "bob")
        bob.reads_again()
        if misses_nothing(bob, said):
            bob.is_cut_off()


@after(test_bound)
def test_nothing_blocks_when_it_is_disconnected(server):
    """10.2 Whoever finds the bound reached waits for nothing while the lock is held

    Whoever finds the outbox full ends the connection and goes on: it waits for nobody's
    end, and for nothing to be sent.
    """
    server.patience = PATIENCE
    alice, bob = server.client("alice").joins(), joins_slowly(server, "bob")
    server.comes_to_rest()
    server.sharing.looks_for((server.witness, alice, bob))
    reads_too_late(bob, alice)
    server.sharing.never_waits()


@after(test_bound)
def test_bound_of_one_who_has_broken_off(server):
    """10.2 The others go on when a member's outbox is full just after it has broken off

    What is done to its connection then, shutdown() too, raises an OSError: one try around
    it, or the fault is the sender's.
    """
    server.patience = PATIENCE
    alice, ben = server.client("alice").joins(), joins_slowly(server, "ben")
    with no_room_for(ben):
        piles_up(ben, alice, said := [], LONG, lambda: size(said) > MUCH)
    if not has_left(ben):
        return
    bob = joins_slowly(server, "bob")
    with no_room_for(bob), breaks_off_unnoticed(bob, "with that"):
        for number in range(len(said) + MORE):
            says_and_is_heard(alice, (server.witness,), f"{number} {LONG}")
    says_and_is_heard(alice, (server.witness,), "still here")


@after(test_bound)
def test_bound_for_refusals(server):
    """10.2 The bound holds for all that is kept for a member, also when it is refused again and again

    Let the outbox itself look at the bound, whoever puts something into it: what only
    broadcast() looks at is no bound for the answers.
    """
    server.patience = PATIENCE
    bound_holds_for(server, REFUSED, REFUSALS)
    if quoted := what_is_quoted(server):
        with server.anew() as another:
            another.patience = PATIENCE
            bound_holds_for(another, quoted, MOST_QUOTED)


def bound_holds_for(server, refused, times):
    bob = joins_slowly(server, "bob")
    kept, lines = keeps_refusals(bob, refused, times)
    if not kept:
        return
    alice, ben = server.client("alice").joins(), joins_slowly(server, "ben")
    as_long = LONGEST[:max(0, kept // times - on_the_wire([(alice, "10000 ")]))]
    with no_room_for(ben):
        piles_up(ben, alice, said := [], as_long, lambda: on_the_wire(said) > kept * CLEARLY or len(said) > times * CLEARLY)
    if has_left(ben):
        raise Failure(
            f"bob has read nothing while he was refused {times:,} times, and is in the room still: {kept >> 10:,} KiB of refusals were kept for him; "
            f"ben was disconnected when {len(said):,} chat messages, {on_the_wire(said) >> 10:,} KiB, were to wait for him",
            "what is kept for a member that does not read is bounded, refusals, too: at some point it is disconnected", lines)


@after(test_bound)
def test_bound_for_news(server):
    """10.2 The bound holds for all that is kept for a member, also for the news of who comes and goes

    All that is for a member goes the same way, announcements, too: through an outbox that
    looks at its bound itself.
    """
    server.patience = PATIENCE
    alice, ben = server.client("alice").joins(), joins_slowly(server, "ben")
    with no_room_for(ben):
        piles_up(ben, alice, said := [], "", lambda: len(said) > FEW)
    if not has_left(ben):
        return  # where the bound is higher, too many would have to come and go
    bob = joins_slowly(server, "bob")
    size, lines = keeps_news(bob, len(said))
    if on_the_wire(said) < size * CLEARLY:  # in messages it was twice as much
        raise Failure(
            f"bob has read nothing while {len(said)} members came and went, and is in the room still: all the news, {size:,} bytes, was kept for him; "
            f"ben was disconnected when {len(said)} chat messages were to wait for him",
            "what is kept for a member that does not read is bounded, announcements, too: at some point it is disconnected", lines)


@after(test_bound)
def test_bound_counts_what_waits(server):
    """10.2 A member that reads all the time is never disconnected, whatever comes by

    What is taken out of the outbox is taken off again in the measure in which it was
    added: characters are no bytes, "🎉" is one of the former and four of the latter.
    """
    server.patience = PATIENCE
    alice = server.client("alice").joins()
    for number in range(MUCH_GOES_BY):
        says_and_is_heard(alice, (server.witness,), f"{number} {FESTIVE}")


@after(test_bound)
def test_reads_again_just_before_the_bound(server):
    """10.2 A member that reads again one message before it would be disconnected has missed nothing

    When there is no room for a message, disconnect at once: whoever stays has got everything.
    """
    server.patience = PATIENCE
    alice = server.client("alice").joins()
    texts = talk(ROOM)
    bob = server.client("bob").joins()
    with server.pointing_to_what_is_lost(alice, lambda: is_heard_in_pieces(alice, (bob, server.witness))):
        said = has_room_for(alice, bob, texts)
        if not has_left(bob):  # there is room for more than we say here
            bob.reads_again()
            misses_nothing(bob, said)
            return
    ben = server.client("ben").joins()
    with server.pointing_to_what_is_lost(alice, lambda: is_heard_in_pieces(alice, (ben, server.witness))):
        has_room_for(alice, ben, texts[:len(said) - 1])
        ben.reads_again()
        if misses_nothing(ben, [(alice, text) for text in texts[:len(said) - 1]]):
            says_and_is_heard(alice, (ben, server.witness), "and now?")


@after(test_reads_again_just_before_the_bound)
def test_bound_is_reached_by_news(server):
    """10.2 Who is disconnected since there is no room for an announcement is announced, too

    Let broadcast() do for announcements what it does for chats: whatever it is by which
    the bound is reached, its leaving is to be told.
    """
    server.patience = PATIENCE
    alice = server.client("alice").joins()
    texts, more = talk(MORE_THAN_ROOM), [f"more: {number} {SHORT}" for number in range(MORE)]
    bob = server.client("bob").joins()
    said = has_room_for(alice, bob, texts)
    if not has_left(bob):
        return
    ben = server.client("ben").joins()
    with no_room_for(ben):
        says_them_at_once(alice, ben, texts[:len(said) - 1])
        said_more = says_until_it_leaves(alice, ben, more)
    carl = server.client("carl").joins()
    with no_room_for(carl):
        says_them_at_once(alice, carl, texts[:len(said) - 1])
        says_them_at_once(alice, carl, more[:len(said_more) - 1])
        for number in range(NEWS):
            if has_left(carl):
                return
            comes_and_goes(server, f"one of no short name, number {number}")
            is_told_if_it_is_closed(carl)


@after(test_reads_again_just_before_the_bound)
def test_found_full_by_two_at_once(server):
    """10.2 A member whom two find at the bound at the same time is announced once

    Whoever takes it out of the members announces it: look and take out in one critical section.
    """
    server.patience = PATIENCE
    alice, carol, bob = (server.client(name).joins() for name in ("alice", "carol", "bob"))
    *texts, last = [text for _, text in has_room_for(alice, bob, talk(MORE_THAN_ROOM), carol)]
    if not has_left(bob):
        return
    for section in points():
        bob = server.client(f"bob-{section}-").joins()
        with server.holds("end", bob) as own, no_room_for(bob):
            says_them_at_once(alice, bob, texts, carol)
            with server.holds("section", bob, section) as hold:
                alice.says(last)
                held = hold.caught(lambda: server.rests(but=own.held), seconds=1)
                if held:
                    bob.did(f"is found at the bound by a thread that is late just now, behind a critical section, at {place(held.where)}")
                    carol.says(last)
                    server.waits_until(lambda: server.rests(but=held + own.held), 1)
                    own.release()
                    server.waits_until(lambda: server.has_let_go_of(bob), 1)
            server.waits_until(lambda: server.rests(but=own.held), 1)
        hear((carol, server.witness), alice, last)
        if held:
            server.witness.hears_from(carol, last)
        bob.reads_again()
        server.waits_until(lambda: server.has_let_go_of(bob), 1)
        is_over(alice, carol, server.witness)
        with server.pointing_to(held.where, "had found bob at the bound and was late here, and others found that he had gone"):
            for _ in server.witness.system_messages(bob.nick)[:1]:
                server.witness.is_told_of(bob)
            server.witness.was_told_nothing(f"{server.witness} is told once that {bob} has left", about=bob.nick, more="one more")
        if not held:
            return


def test_messages_do_not_mix(server):
    """10.3 Messages never mix on the wire, whoever speaks at the same time, however the system cuts the writes

    sendall() may stand in the middle of a message for as long as it likes. If two threads
    send on one connection, one of them writes into the other's message: let one thread
    alone send to a member, or hold a lock of that connection from a message's first byte
    to its last.
    """
    alice, bob, carol = meet(server, "alice", "bob", "carol")
    for point in points():
        first, second = f"{point} from alice", f"{point} from carol"
        with cut_in_two(server, bob, lambda: alice.says(first), lambda: carol.says(second), point) as held:
            bob.hears_from(alice, first)
            bob.hears_from(carol, second)
        if not held:
            return


@after(test_messages_do_not_mix)
def test_answers_do_not_mix(server):
    """10.3 What the server itself says mixes with nothing: answers, refusals and announcements

    Also what only this member is told goes the same way as all the rest: through its outbox.
    """
    alice, bob, frank = meet(server, "alice", "bob", "frank")
    dave, erin = (server.client(name) for name in ("dave", "erin"))

    def bob_is_refused():
        bob.sends({"type": "dance"})

    for number, (first, second, told) in enumerate((
            (lambda: alice.says("hi"), bob_is_refused, ""),
            (bob_is_refused, lambda: alice.says("hi"), ""),
            (lambda: alice.says("hi"), lambda: dave.asks_for("dave"), "dave"),
            (lambda: erin.asks_for("erin"), lambda: alice.says("hi"), "erin"),
            (lambda: alice.says("hi"), frank.leaves, "frank"),
            (bob_is_refused, erin.leaves, "erin"))):
        with cut_in_two(server, bob, first, second):
            bob.is_told(f"bob gets a system message{f' with {told!r} in it' if told else ''}", told)
            alice.says(f"fence {number}")
            bob.hears_at_last(alice, f"fence {number}")
    henry = server.client("henry")
    with cut_in_two(server, henry, lambda: henry.sends({"type": "dance"}), lambda: henry.asks_for("alice")):
        for what in ("an unknown type", "a nick that is taken"):
            henry.is_told(f"{what} is answered by a system message")
    gina = server.client("gina")
    with cut_in_two(server, gina, lambda: gina.asks_for("gina"), lambda: alice.says("welcome")):
        gina.is_told("gina is told that she has joined", "gina")
        alice.says("and now?")
        gina.hears_at_last(alice, "and now?")


@after(test_messages_do_not_mix, test_bound)
def test_last_word_does_not_mix(server):
    """10.3 When the bound is reached in the middle of a message, nothing is sent into it

    A member that is disconnected need not be told why: its writer may stand in the middle
    of a message, and what you send past it lands there.
    """
    alice, bob, carol = meet(server, "alice", "bob", "carol")
    server.is_through_with(carol)
    for member in (bob, server.witness):
        member.forgets_system_messages()
    said = []
    with server.holds("piece", bob) as hold:
        carol.says("hi")
        held, goes_on = hold.caught(bob.has_message, seconds=WAIT), True
        while held and goes_on and size(said) < MUCH and not has_left(bob):
            says(alice, text := f"{len(said)} {LONGEST}", said)
            server.waits_until(lambda: has_come(text, server.witness) or server.rests(but=held), WAIT)
            goes_on = server.witness.takes_chat(text)  # or alice may be held up by that thread, too
    with server.pointing_to(held.where, "was in the middle of sending this to bob when the bound was reached"):
        bob.hears_unless_cut_off(carol, "hi")


@after(test_messages_do_not_mix)
def test_messages_are_whole_when_sends_are_short(server):
    """10.3 Each message comes whole, also when the system takes only a part of it at a time

    send() says how many bytes it has taken, and one character may be several bytes: what
    is left is cut off from the bytes, not from the text. sendall() sees to all of it.
    """
    alice, bob = meet(server, "alice", "bob")
    server.sends_at_most(7)
    for text in ("hi", "Привет", "и ещё раз привет 🎉", "and now?"):
        says_and_is_heard(alice, (bob, server.witness), text)


@after(test_messages_do_not_mix)
def test_long_messages_do_not_mix(server):
    """10.3 Long messages, sent in several pieces, never mix on the wire

    A lock that is let go between two pieces of a message lets another message in there.
    """
    all_comes_when_its_sender_is_late(server, LONGEST)
    all_comes_when_a_reader_is_late(server, LONGEST)


def test_order_for_a_slow_member(server):
    """10.4 Each member hears one sender's messages in their order, also when one send takes its time

    What comes later may not overtake: not on a way around the outbox, and not because two
    threads empty it. A lock gives no turns: of those that wait for it any may come first.
    """
    alice, bob, carol = meet(server, "alice", "bob", "carol")
    (first, opening), *more = said = [(sender, f"{word} from {sender}") for word in ("first", "second", "last") for sender in (alice, carol)]  # in no order of letters, nor of lengths
    with server.holds("send", bob) as hold, server.holds("lock", bob, count=len(more)) as turn:
        first.says(opening)
        held = hold.caught(bob.has_message, seconds=WAIT)
        for sender, text in more:
            sender.says(text)
        if held:
            bob.did(f"is slow: the send of what comes first takes its time, at {place(held.where)}")
            server.waits_until(lambda: bob.has_message() or server.rests(but=held + turn.held), WAIT)
        late = turn.held
        if late:
            bob.did(f"is still slow: {len(late)} of the threads that wait for their turn with him get it last, and the last of them first, at {place(late.where)}")
        hold.release()
        for _ in late:
            server.waits_until(lambda: server.rests(but=late), WAIT)
            turn.release_last()
    with server.pointing_to(late.where or held.where,
                            "waited here for its turn, and others came first" if late else "was late with what was said first"):
        for sender, text in said:
            bob.hears_from(sender, text)


@after(test_order_for_a_slow_member)
def test_nothing_is_lost_when_its_writer_is_late(server):
    """10.4 The order stays when the thread that sends to a member is late between two messages, at whatever line

    What is put into the outbox may come between any two lines of its writer: it looks,
    takes out and begins to wait inside one `with`, or the queue does that for it.
    """
    all_comes_when_its_sender_is_late(server)


@after(test_order_for_a_slow_member)
def test_nothing_is_lost_when_who_puts_it_in_is_late(server):
    """10.4 The order stays, and nothing is lost, when a thread that has something for a member is late, at whatever line

    Put in and take out under one lock, each in one step: who adds to what has just been
    taken out adds to nothing, or brings it back.
    """
    alice, bob, carol = meet(server, "alice", "bob", "carol")
    for point in points(2 * MOST_POINTS):  # bob may be the last to whom it is sent
        said = []
        with server.holds("send", bob) as slow, server.holds("recv", carol, point) as hold:
            says(alice, f"{point} first", said)
            sending = slow.caught(bob.has_message, seconds=WAIT)
            says(alice, f"{point} second", said)  # waits in the outbox
            server.waits_until(lambda: server.rests(but=sending), 1)
            says(carol, f"{point} third", said)
            held = hold.caught(lambda: server.rests(but=sending), seconds=1)
            if held:
                carol.did(f"is served by a thread that is late just now, at {place(held.where)}, while all that waits for bob is sent")
            slow.release()
            server.waits_until(lambda: server.rests(but=held), 1)
        says(alice, f"{point} last", said)
        with server.pointing_to(held.where, "was late here, while what waited for bob was taken out"):
            for sender, text in said:
                bob.hears_from(sender, text)
        if not held:
            return


def test_its_threads_end(server):
    """10.5 All threads of a member end when it has gone, on whatever way

    Tell its writer, too, that there will be no more: by a sentinel in the outbox, or a flag
    and a notify().
    """
    alice = server.client("alice").joins()
    before = server.counts()
    for goes in WAYS:
        bob = server.client("bob").joins()
        alice.is_told_of(bob)
        alice.says("hi")
        bob.hears(alice, "hi")
        goes(bob)
        server.is_back_to(before, f"bob {goes.__name__.replace('_', ' ')}")


@after(test_its_threads_end)
def test_its_threads_end_when_a_send_goes_on(server):
    """10.5 All threads of a member end when it goes while a send to it waits, and the send then goes on

    Its writer is told that there will be no more when it does not wait for that just then:
    ask for it first, under the same lock, and wait only if there may be more.
    """
    alice = server.client("alice").joins()
    before = server.counts()
    for goes in (leaves, finishes_sending):
        bob = server.client("bob").joins()
        alice.is_told_of(bob)
        with server.holds("send", bob) as hold:
            bob.sends({"type": "dance"})
            held = hold.caught(bob.has_message, seconds=WAIT)
            goes(bob)
            server.waits_until(lambda: server.rests(but=held), 1)
        server.is_back_to(before, f"bob {goes.__name__.replace('_', ' ')}, to whom something was just being sent,")


@after(test_its_threads_end, test_others_hear_while_a_member_does_not_read)
def test_its_threads_end_though_it_does_not_read(server):
    """10.5 All threads of a member end when it goes while a send to it waits

    A writer that stands in sendall() does not look at its outbox. shutdown() wakes it,
    close() does not.
    """
    server.patience = PATIENCE
    alice = server.client("alice").joins()
    threads, _ = server.counts()
    slow = [joins_slowly(server, f"slow-{number}") for number, _ in enumerate(WAYS)]
    with server.while_it_reads_nothing(slow[0]):
        for member in slow[1:]:
            member.stops_reading()
        said = stops_reading(slow[0], alice)
        fills_up(slow[0], alice, said)
        server.waits_until(lambda: all(server.is_held_up_by(member) or has_left(member) for member in slow), WAIT)
    for member, goes in zip(slow, WAYS):
        goes(member)
    server.is_back_to((threads, float("inf")), "three members who did not read have gone")
    says_and_is_heard(alice, (server.witness,), "they have gone")


@after(test_half_close)
def test_what_waits_comes_after_a_half_close(server):
    """01.3 What still waits for a client when it has finished sending comes, and then the end of the stream

    The end of its stream says that it will send no more, not that it hears no more: let
    its writer empty the outbox before the connection is closed.
    """
    bob = server.client("bob").joins()
    with server.holds("send", bob) as hold:
        bob.sends({"type": "dance"})
        held = hold.caught(bob.has_message, seconds=WAIT)
        bob.sends({"type": "dance"})
        bob.half_closes()
        released = time.monotonic() + NOT_LONG
        server.waits_until(lambda: server.rests(but=held) or time.monotonic() > released, 1)
    for _ in range(2):
        bob.is_told("bob, who has finished sending, still gets the answers to what was sent before")
    bob.gets_end()


@after(test_one_lock)
def test_one_lock_when_it_is_disconnected(server):
    """07.3 The members are touched only while the lock is held, also by whoever finds the bound reached

    Who finds an outbox full is another member's thread. Let it end the connection, and
    leave it to the slow member's own thread to take it out; or take it out under the lock.
    """
    server.patience = PATIENCE
    alice, bob = joins_quietly(server, "alice"), joins_slowly(server, "bob")
    server.comes_to_rest()
    server.sharing.looks_for((server.witness, alice, bob))
    with contextlib.suppress(Failure), server.holds("full", bob), server.while_it_reads_nothing(bob):  # whether there is a bound is not asked here
        bob.reads = False
        piles_up(bob, alice, said := [], LONG, lambda: size(said) > MUCH)
    server.comes_to_rest()
    server.sharing.is_guarded()


@after(test_a_late_clean_up)
def test_a_late_clean_up_when_it_is_disconnected(server):
    """09.2 A late clean-up takes nothing from the next member who has that nick, also when it comes of the bound

    Whoever finds the bound reached may take the member out; its own thread comes later, and
    looks, under the lock, whether the nick is still its connection's.
    """
    server.patience = PATIENCE
    alice, bob, again = server.client("alice").joins(), joins_slowly(server, "bob"), server.client("the next bob")
    with server.holds("end", bob) as hold:
        with contextlib.suppress(Failure), server.holds("full", bob), server.while_it_reads_nothing(bob):  # whether there is a bound is not asked here
            bob.reads = False
            piles_up(bob, alice, said := [], LONG, lambda: size(said) > MUCH, held=lambda: hold.held)
            piles_up(bob, alice, said, "", lambda: len(said) > MORE_THAN_ROOM, held=lambda: hold.held)
        held = hold.held
        if not held:
            return
        bob.did(f"has been disconnected, and the thread that has read from him is late just now, at {place(held.where)}")
        server.waits_until(lambda: server.rests(but=held), 1)
        again.asks_for("bob")
        again.is_told("a join is answered by a system message")
        was_in = again.is_in()
    server.waits_until(lambda: server.has_let_go_of(bob), 1)
    server.calms_down()
    if was_in:
        with server.pointing_to(held.where, "the thread of the one who was disconnected was late here"):
            alice.says("is the next bob there?")
            again.hears_at_last(alice, "is the next bob there?")
            if not again.is_in():
                raise server.failure("the next bob is heard no more after the thread of the one who was disconnected has cleaned up",
                                     "a clean-up takes out the member that was disconnected, and nobody else", client=again)


@after(test_bound)
def test_its_threads_end_when_it_is_disconnected(server):
    """10.5 All threads of a member end when it is disconnected because it does not read

    Nobody reads at the other end, and nobody closes there: both threads have to be woken here.
    """
    server.patience = PATIENCE
    alice = server.client("alice").joins()
    threads, _ = server.counts()
    bob = joins_slowly(server, "bob")
    said = stops_reading(bob, alice)
    with server.holds("fail", bob) as hold:  # a send that fails when bob is disconnected: its thread is late then
        piles_up(bob, alice, said, LONG, lambda: size(said) > MUCH, held=lambda: hold.held)
        for text, most, many in (("", 0, ROOM), (LONGEST, MOST, 0), ("", 0, MANY)):
            enough = len(said) + many
            piles_up(bob, alice, said, text, lambda: size(said) > most and len(said) > enough, held=lambda: hold.held)
        if not has_left(bob) and not hold.held:
            raise Unknown("could not tell: bob was not disconnected this time, whatever was said to him")
        held = hold.caught(lambda: server.program.threads <= threads, seconds=1)
        server.waits_until(lambda: server.rests(but=held), 1)
    server.is_back_to((threads, float("inf")), "bob was disconnected")
