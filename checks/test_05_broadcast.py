"""Lesson 05: what the room is asked for, rule by rule."""

import contextlib

from test_04_join import *  # noqa: F403  what the lessons before asked still holds; first, for the imports below may bring the same names

from lab.course import after, basis
from lab.day import (
    breaks_off, breaks_off_unnoticed, fence, finishes_sending, hear, leaves, says_and_done, says_and_is_heard, sends_deep_brackets, sends_no_utf8,
    sends_nonsense, sends_too_long_a_line)
from lab.evidence import place
from lab.faults import HOLD_SECONDS
from lab.members import NICK_COMES_FIRST
from lab.messages import line
from lab.submission import words_in
from test_04_join import is_heard_under_any_nick

del (  # what is said goes to the others now, under the sender's nick; and who does not read may hold them up, until lesson 10
    test_answers_before_the_end, test_any_chat_comes_back, test_chat_comes_back, test_chat_to_sender_alone, test_chat_under_any_nick, test_client_that_does_not_read,
    test_no_other_nick, test_own_bytes, test_own_bytes_when_threads_alternate, test_own_bytes_when_threads_start_late)

LONG_TEXT = 65_000  # characters; what goes to the others has a name beside it, and perhaps more
LATE = "first", "second", "last"  # in no order of letters, nor of lengths


def test_listens(server):
    """05.1 python server.py listens on 127.0.0.1:9090 and serves until it is stopped

    Write HOST, PORT = "127.0.0.1", 9090 and listen there: 127.0.0.1 is this machine
    alone, 0.0.0.0 would let the whole network in.
    """
    server.listens_on("127.0.0.1", 9090)


@basis
def test_newcomer_is_told(server):
    """05.1 A join is announced by a system message with the nick to the newcomer, too

    The newcomer is a member already when the join is announced: put it into the room
    first, and leave nobody out of this announcement.
    """
    server.client("alice").joins()


def test_members_are_told(server):
    """05.1 A join is announced by a system message with the nick to all members

    Walk through all members and send it to each.
    """
    alice, bob = server.client("alice").joins(), server.client("bob").joins()
    carol = server.client("carol").joins()
    for member in (alice, bob, server.witness):
        member.is_told_of(carol)
    alice.is_told_of(bob)


@basis
def test_chat_to_the_others(server):
    """05.2 A chat goes to the others, as a chat message with the sender's nick in "user"

    Send {"type": "chat", "user": nick, "text": text} to every member but the sender.
    """
    alice, bob = server.client("alice").joins(), server.client("bob").joins()
    for text in ("hi", "and again"):
        alice.says(text)
        bob.hears(alice, text)


@after(test_chat_to_the_others)
def test_any_word_goes_to_the_others(server):
    """05.2 A chat goes to every other member whatever it says: no word in it is a command

    Look at "type" alone. What begins with a slash or an @, or was said a moment ago, is a
    text like any other.
    """
    alice, bob, carol = (server.client(name).joins() for name in ("alice", "bob", "carol"))
    own = words_in(server.files)
    for text in (*WORDS, *own, *(f"{word} alice psst" for word in own if not word[0].isalnum())):
        bob.says(text)
        for member in (alice, carol):
            member.hears(bob, text)


@after(test_chat_to_the_others)
def test_long_chat_goes_to_the_others(server):
    """05.2 A chat goes to every other member however long it is, as far as a message may be

    With its nick it may be nearly 65,536 bytes: what has a bound must have room for one of these.
    """
    alice, bob = server.client("alice").joins(), server.client("bob").joins()
    for text in ("x" * LONG_TEXT, "hi"):
        alice.says(text)
        bob.hears(alice, text)


@after(test_chat_to_the_others)
def test_slow_member_misses_nothing(server):
    """05.2 A member to whom nothing can be sent for a moment gets the message as soon as it can

    A full buffer is no reason to leave somebody out: sendall() waits until there is room.
    """
    alice, bob, carol = (server.client(name).joins() for name in ("alice", "bob", "carol"))
    server.is_through_with(carol)
    with server.holds("full", bob) as hold:
        bob.did("is slow: there is no room just now for anything that is sent to him")
        alice.says("hi")
        hold.caught(server.stands_still, seconds=1)  # not longer: a send may give up after a while
    for member in (bob, carol, server.witness):
        member.hears_from(alice, "hi")


@after(test_members_are_told, test_chat_to_the_others)
def test_newcomer_who_has_been_announced(server):
    """05.2 A chat goes to a newcomer as soon as others have been told of the join

    Put the newcomer into the room first, and announce the join then: who is told of it
    may say something at once.
    """
    alice, dave = server.client("alice").joins(), server.client("dave")
    server.is_through_with(alice)
    alice.forgets_system_messages()
    with server.holds("sent", alice) as hold:
        dave.asks_for("dave")
        held = hold.caught(server.rests)
        is_told = alice.has_message()  # else only a part of it has been sent
        if is_told:
            alice.says("hi, dave")
            server.waits_until(lambda: server.rests(but=held), 1)
    alice.is_told_of(dave)
    dave.is_told_of(dave)
    server.is_through_with(dave)
    alice.says("how are you?")
    with server.pointing_to(held.where, "has told alice that dave has joined"):
        for text in ("hi, dave", "how are you?")[not is_told:]:
            dave.hears(alice, text)


@after(test_chat_to_the_others)
def test_the_same_twice(server):
    """05.2 What somebody says twice comes twice

    Every chat goes to the others, whatever was said before.
    """
    alice, bob = server.client("alice").joins(), server.client("bob").joins()
    for _ in range(2):
        alice.says("hi")
        bob.hears(alice, "hi")


def test_every_other_member(server):
    """05.2 A chat goes to every other member, whoever says it, under that member's own nick

    Walk through all members. The nick is the one that this connection joined with: keep
    it in a local variable of the client's thread, and do not take it from the message.
    """
    members = alice, bob, ann, joanna = [server.client(name).joins() for name in ("alice", "bob", "ann", "joanna")]
    for sender, text in ((alice, "hi"), (ann, "Привет 🎉"), (joanna, 'two\n"lines"'), (bob, ""), (alice, "/tmp is <full> &"), (alice, "hi")):
        sender.says(text)
        for other in members:
            if other is not sender:
                other.hears(sender, text)
    bob.sends({"type": "chat", "user": "mallory", "text": "who am I?"})  # served or refused
    bob.says("me")
    if alice.hears_one_of(bob, ("who am I?", "me")) != "me":
        alice.hears(bob, "me")


@after(test_every_other_member)
def test_others_get_the_message(server):
    """05.2 A send that fails takes nothing from the others: they get the message, and the sender stays

    One try around each send, not one around the loop; and after a failed send go on with
    the next member.
    """
    goes_on_after_a_failed_send(server, dies_while)


@after(test_every_other_member)
def test_others_get_the_message_whatever_error_it_is(server):
    """05.2 A send that fails takes nothing from the others, whether the error is a broken pipe or a reset

    Which it is depends on who finds out first, this send or the dead client's own thread.
    Both are OSErrors: catch that.
    """
    goes_on_after_a_failed_send(server, dies_unheard_while)


def goes_on_after_a_failed_send(server, dies):
    """Somebody dies in this way while another speaks: all the others hear it, and what is said next."""
    members, alice = [server.client(name).joins() for name in ("ann", "bob", "carol")], server.client("alice").joins()
    dead = first_to_hear(server, alice, members)
    others = [member for member in (*members, server.witness) if member is not dead]
    dies(server, dead, lambda: says_and_done(alice, f"is {dead} there?"))
    with server.pointing_to(server.failed_send_to(dead), f"fails, since {dead} has gone"):
        hear(others, alice, f"is {dead} there?")
        says_and_is_heard(alice, others, "and now?")


def first_to_hear(server, sender, members):
    """Say something to find out to whom of these it is sent first; whoever comes behind is the one to be missed out."""
    with contextlib.ExitStack() as late:
        holds = [late.enter_context(server.holds("send", member)) for member in members]
        sender.says("who is the first?")
        server.waits_until(lambda: any(hold.held for hold in holds), HOLD_SECONDS)
        first = next((member for member, hold in zip(members, holds) if hold.held), members[0])
    hear((*members, server.witness), sender, "who is the first?")
    return first


def dies_while(server, member, act):
    """The member breaks off, its own thread finds out and is late with that; meanwhile, act()."""
    with breaks_off_unnoticed(member, "just now"):
        act()


def dies_unheard_while(server, member, act):
    """The member breaks off while its own thread is not in recv, so that a send is the first to find out: act()."""
    with server.holds("recv", member) as hold:
        member.says("I am off")
        held = hold.caught(seconds=0.5)
        if held:
            member.did(f"is served by a thread that is late just now, at {place(held.where)}")
        member.resets(unnoticed=True)
        act()


@after(test_every_other_member)
def test_others_go_on_when_an_answer_fails(server):
    """05.2 A chat goes to the others also after an answer to somebody else has failed

    What was taken before a send, a lock perhaps, is to be given back when the send raises:
    `with`, or `finally`.
    """
    alice, bob, carol = (server.client(name).joins() for name in ("alice", "bob", "carol"))
    server.cannot_send_to(carol, "EPIPE")
    carol.sends({"type": "dance"})
    server.calms_down()
    for sender, other in ((bob, alice), (alice, bob)):
        says_and_is_heard(sender, (other, server.witness), "still here")


@after(test_every_other_member)
def test_others_go_on_when_a_stalled_member_breaks_off(server):
    """05.2 A chat goes to the others also after a member for whom there was no room has broken off

    Any send may raise an OSError, also one that sends what is left of an earlier message.
    """
    alice, bob, ann = server.client("alice").joins(), server.client("bob").joins(), server.slow_client("ann").joins()
    ann.stops_reading()
    for number in range(20):
        alice.says(f"{number} " + "x" * 30_000)
        if server.waits_until(lambda: server.is_sending_to(ann) or server.has_given_up_on(ann), 0.1):
            break
    ann.resets(unnoticed=True)
    server.notices(ann)
    for sender, other in ((bob, alice), (alice, bob)):
        sender.says("still here")
        other.hears_at_last(sender, "still here")


@after(test_chat_to_the_others)
def test_namesakes(server):
    """05.2 A chat goes to every other member, also to one with the same nick

    A member is a connection, not a nick: until lesson 07 two may have the same. (Who is
    refused a nick that is taken, as there, is no member.)
    """
    alice, first, second = server.client("alice").joins(), server.client("bob").joins(), server.client("another bob")
    second.asks_for("bob")
    second.is_told("a join with the nick 'bob' is answered by a system message")
    if not second.is_in():
        return
    members = alice, first, second
    for sender in members:
        for other in members:
            if other is not sender:
                sender.says(f"hello {other}")
                other.hears_at_last(sender, f"hello {other}")
    second.leaves()
    server.notices(second)
    alice.says("who is there?")
    first.hears_at_last(alice, "who is there?")


@after(test_others_get_the_message, test_others_get_the_message_whatever_error_it_is)
def test_chat_while_others_come_and_go(server):
    """05.2 A chat goes to every other member also while somebody joins, and while others leave

    Other threads change the members while you walk through them: a dict or a set raises
    RuntimeError then, and a list passes over somebody. Walk through a copy: list(clients).
    """
    early, ann, bob, carol, late, alice = (server.client(name).joins() for name in ("early", "ann", "bob", "carol", "late", "alice"))
    staying, newcomer = (ann, bob, carol, server.witness), server.client("newcomer")
    slow = first_to_hear(server, alice, (ann, bob, carol))
    heard_while(server, staying, alice, slow, "somebody is joining", lambda: newcomer.asks_for("newcomer"))
    heard_while(server, staying, alice, bob, "some are leaving", lambda: [member.leaves() for member in (early, late)])
    says_and_is_heard(alice, staying, "still here")


def heard_while(server, members, sender, slow, text, others_act):
    """Say something, and while the send of it to one member takes its time let others act and be served; these members hear it."""
    with server.holds("send", slow) as hold:
        sender.says(text)
        held = hold.caught()
        if held:
            slow.did("is slow: the send of this takes its time")
        others_act()
        server.waits_until(lambda: server.rests(but=held), 1)
    with server.pointing_to(held.where, f"was sending this to {slow} when the members changed"):
        hear(members, sender, text)


def test_not_to_the_sender(server):
    """05.2 A chat does not go back to its sender

    Leave the sender's connection out when you walk through the members.
    """
    alice, bob = server.client("alice").joins(), server.client("bob").joins()
    alice.says("hi")
    bob.hears(alice, "hi")
    fence(alice, bob)


@after(test_members_are_told, test_not_to_the_sender)
def test_leave_is_announced(server):
    """05.3 A leave is announced by a system message with the nick to all who remain, exactly once

    Announce it in one place that every way out passes, such as `finally`, and only if
    the client was still a member.
    """
    goes_once(server, leaves)


@after(test_members_are_told, test_not_to_the_sender)
def test_end_is_announced(server):
    """05.3 The end of the stream is announced by a system message with the nick to all who remain, exactly once

    recv() returning b"" is a way out like any other: announce it there as well.
    """
    goes_once(server, finishes_sending)


@after(test_members_are_told, test_not_to_the_sender)
def test_reset_is_announced(server):
    """05.3 A reset is announced by a system message with the nick to all who remain, exactly once

    A reset is an OSError out of recv(): catch it, and clean up as for any other.
    """
    goes_once(server, breaks_off)


@after(test_end_is_announced)
def test_newcomer_while_a_leaver_is_late(server):
    """05.3 Who comes while a leaver's thread is late with its last steps is in the room, and stays there

    When a connection is closed the next one gets its number: whatever is kept under that
    number has to be taken out before.
    """
    alice, bob = server.client("alice").joins(), server.client("bob").joins()
    with server.holds("closed", bob) as hold:
        bob.leaves()
        held = hold.caught(server.rests)
        newcomers = [server.client(name) for name in ("carol", "dave")]  # an accept() that waits already has its number
        for newcomer in newcomers:
            newcomer.asks_for(newcomer.name)
            server.waits_until(lambda: newcomer.has_something() or server.rests(but=held), 1)
    with server.pointing_to(held.where, "has closed bob's connection, and was late with what comes next"):
        for newcomer in newcomers:
            newcomer.is_told_of(newcomer)
        server.calms_down()
        says_and_is_heard(alice, newcomers, "hi")
        for newcomer in newcomers:
            newcomer.says("hi")
            alice.hears(newcomer, "hi")


@after(test_leave_is_announced)
def test_any_leaver_is_announced(server):
    """05.3 A leaving is announced whatever the nick is

    A nick is data: a % or a {} in it is no place where something goes in.
    """
    alice = server.client("alice").joins()
    for nick in ("100%", "%s %d", "{}", "{0} {x}", "{"):
        member = server.client(f"who is {nick}").joins(nick)
        alice.is_told_of(nick)
        member.leaves()
        member.gets_end()
        alice.is_told_of(nick, f"alice is told that {nick!r} has left")


@after(test_members_are_told, test_not_to_the_sender)
def test_end_by_a_bad_line_is_announced(server):
    """05.3 A member whose connection ends by a line that is no message is announced as gone, exactly once

    A ValueError out of recv_json() is a way out like any other: let it pass the place
    where a leaving is announced.
    """
    goes_once(server, sends_nonsense)


@after(test_end_by_a_bad_line_is_announced)
def test_end_by_any_bad_line_is_announced(server):
    """05.3 A member is announced as gone whatever was wrong with the line: too long, not UTF-8, deeper than json goes

    Announce it in `finally`: then it does not matter which error it was. json.loads()
    raises a RecursionError where brackets stand in brackets too deep.
    """
    alice = server.client("alice").joins()
    for sends in (sends_too_long_a_line, sends_no_utf8, sends_deep_brackets):
        carol = server.client("carol").joins()
        alice.is_told_of(carol)
        sends(carol)
        alice.is_told_of(carol, f"{alice} is told that carol has gone, whose connection a bad line has ended")
        carol.closes()


@after(test_leave_is_announced)
def test_chat_before_a_leave(server):
    """05.3 What a member says in one piece with its leave, before it, is heard

    Take one message out of the buffer at a time, and handle it before you look at the next.
    """
    alice, bob = server.client("alice").joins(), server.client("bob").joins()
    bob.sends_bytes(b"".join(map(line, ({"type": "chat", "text": "one"}, {"type": "chat", "text": "my last word"}, {"type": "leave"}))), may_end=True)
    for text in ("one", "my last word"):
        alice.hears(bob, text)


@after(test_end_by_a_bad_line_is_announced)
def test_chat_before_a_bad_line(server):
    """05.3 What a member says in one piece with such a line, before it, is heard

    Take one line out of the buffer at a time, and handle it before you look at the next.
    """
    alice, bob = server.client("alice").joins(), server.client("bob").joins()
    fence(alice, bob)
    alice.sends_bytes(line({"type": "chat", "text": "my last word"}) + b"hello\n", may_end=True)
    bob.hears(alice, "my last word")


@after(test_reset_is_announced)
def test_announced_once_though_a_send_fails(server):
    """05.3 A reset is announced once, also when a send to the member fails before its own thread has noticed

    Whoever takes a member out announces it, and nobody else: the other finds no member there.
    """
    alice, bob, carol = (server.client(name).joins() for name in ("alice", "bob", "carol"))
    before = server.counts()
    fence(alice, bob, carol)
    for member in (alice, bob):
        member.forgets_system_messages()
    with server.holds("end", carol) as hold:
        carol.resets(unnoticed=True)
        if hold.caught(server.is_quiet):
            carol.did("has a thread in the server that is late with that")
        for text in ("is carol there?", "and now?"):
            alice.says(text)
            bob.hears(alice, text)
            server.is_through_with(alice)
    for member in (alice, bob):
        member.is_told_of(carol, f"{member} is told that carol has gone")
    server.settles(before[0] - 1, before[1] - 1)
    fence(alice, bob)
    for member in (alice, bob):
        member.was_told_nothing(f"{member} is told once that carol has gone", about="carol", more="one more")


@after(test_leave_is_announced, test_every_other_member)
def test_news_reach_the_others_though_a_send_fails(server):
    """05.3 A leaving, and a coming, is announced to all the others also when the send of it to one member fails

    One try around each send, whatever is sent: not one around the loop.
    """
    members, alice = [server.client(name).joins() for name in ("ann", "bob", "carol")], server.client("alice").joins()
    dan, eve = server.client("dan").joins(), server.client("eve")
    dead = first_to_hear(server, alice, members)
    others = [member for member in (*members, alice, server.witness) if member is not dead]
    for member in others:
        member.forgets_system_messages()
    server.cannot_send_to(dead, "EPIPE")
    dan.leaves()
    with server.pointing_to(server.failed_send_to(dead), f"fails, since {dead} has gone"):
        for member in others:
            member.is_told_of(dan)
        eve.asks_for("eve")
        for member in others:
            member.is_told_of(eve)


def goes_once(server, goes):
    alice = server.client("alice").joins()
    with_alice = server.counts()
    carol = server.client("carol").joins()
    of_carol = [now - before for now, before in zip(server.counts(), with_alice)]
    bob = server.client("bob").joins()
    alice.is_told_of(carol)
    fence(alice, bob, carol)
    for member in (alice, bob):
        member.forgets_system_messages()
    without_carol = [now - hers for now, hers in zip(server.counts(), of_carol)]
    goes(carol)
    for member in (alice, bob):
        member.is_told_of(carol, f"{member} is told that carol has gone")
    server.settles(*without_carol)  # carol's thread has ended: it says nothing any more
    fence(alice, bob)
    for member in (alice, bob):
        member.was_told_nothing(f"{member} is told once that carol has gone", about="carol", more="one more")
    alice.says("still here")
    bob.hears(alice, "still here")


@after(test_leave_is_announced)
def test_back_again(server):
    """05.1 Who comes back under the same nick is announced anew, as the leaving was

    Whom you know from before is a newcomer like any other.
    """
    alice, bob = server.client("alice").joins(), server.client("bob").joins()
    alice.is_told_of(bob)
    bob.leaves()
    bob.gets_end()
    server.notices(bob)
    if server.number >= NICK_COMES_FIRST:  # the nick is free when bob is announced as gone, if not before
        alice.is_told_of(bob)
    server.client("bob").joins("bob")
    for news in ("bob has left", "bob is back")[server.number >= NICK_COMES_FIRST:]:
        alice.is_told_of("bob", f"alice is told that {news}: two system messages in all")


@after(test_leave_is_announced)
def test_room_that_was_empty(server):
    """05.1 Who connected while somebody was in the room, and joins when all have gone, meets those who come later

    There is one room. Whoever keeps it by a name of its own keeps the old one when it is made anew.
    And who speaks while nobody else is there is a member all the same.
    """
    early, ann, bob = (server.kind(server, name) for name in ("early", "ann", "bob"))  # not server.client(), before whom walter comes, and stays
    ann.joins().leaves()
    ann.gets_end()
    server.notices(ann)
    bob.joins().resets()
    early.joins().says("is anybody there?")
    late = server.kind(server, "late").joins()
    early.is_told_of(late)
    for one, other in ((early, late), (late, early)):
        one.says("hi")
        other.hears_at_last(one, "hi")  # what was said to nobody may go out when somebody has come


@after(test_not_to_the_sender)
def test_stranger_hears_nothing(server):
    """05.4 Somebody who has not joined hears nothing

    A connection becomes a member with its join, not with accept(). What it is answered
    goes to it alone: send_json(conn, ...), not broadcast().
    """
    alice, bob = server.client("alice").joins(), server.client("bob").joins()
    server.client("carol").joins().resets()
    stranger = server.client("stranger")  # whose connection has the number that hers had
    stranger.is_refused({"type": "join", "user": "x" * 33}, "a join with a nick of 33 characters")
    alice.says("hi")
    bob.hears(alice, "hi")
    fence(alice, bob)
    stranger.joins()
    alice.says("welcome")
    stranger.hears_nothing_before(alice, "welcome", but=["fence 2"])  # which may be under way to the others still


@after(test_leave_is_announced, test_stranger_hears_nothing)
def test_stranger_is_told_nothing(server):
    """05.4 Somebody who has not joined is told of nobody's coming and going

    Announcements go to members, too, not to connections.
    """
    alice, stranger = server.client("alice").joins(), server.client("stranger")
    stranger.is_refused({"type": "dance"}, "an unknown type before the join")
    before = server.counts()
    bob = server.client("bob").joins()
    alice.is_told_of(bob)
    bob.leaves()
    alice.is_told_of(bob)
    server.settles(*before)  # bob's thread has told everybody
    fence(alice, server.witness)
    stranger.joins()
    stranger.was_told_nothing("somebody who has not joined hears nothing of bob", about="bob")


def test_stranger_is_not_heard(server):
    """05.4 Somebody who has not joined is not heard

    Take a chat only from a member; answer others with a system message.
    """
    alice, bob, stranger = server.client("alice").joins(), server.client("bob").joins(), server.client("stranger")
    stranger.sends({"type": "chat", "text": "boo"})
    stranger.joins("peggy")  # its thread is through with the chat
    stranger.says("now")
    for member in (alice, bob):
        member.hears("peggy", "now")


@after(test_members_are_told, test_not_to_the_sender)
def test_stranger_goes_unnoticed(server):
    """05.4 Somebody who has not joined is not announced when leaving

    Announce a leaving only if the client was a member.
    """
    alice, bob = server.client("alice").joins(), server.client("bob").joins()
    alice.is_told_of(bob)
    for goes in (finishes_sending, breaks_off):
        before = server.counts()
        stranger = server.client("stranger")
        stranger.is_refused({"type": "dance"}, "an unknown type before the join")
        stranger.is_refused({"type": "join", "user": "x" * 33}, "a join with a nick of 33 characters")
        fence(alice, bob)
        for member in (alice, bob):
            member.forgets_system_messages()
        goes(stranger)
        server.settles(*before)
        fence(alice, bob)
        for member in (alice, bob):
            member.was_told_nothing("the leaving of somebody who never joined is not announced")


def test_order(server):
    """05.5 Each member hears one sender's messages in the order in which they were sent

    Let one thread handle a client's messages, one after another, and leave none of them out.
    """
    alice, bob, carol = (server.client(name).joins() for name in ("alice", "bob", "carol"))
    for number in range(100):
        for sender in (alice, bob):
            sender.says(f"{sender} {number}")
    for sender in (alice, bob):
        for number in range(100):
            carol.hears_from(sender, f"{sender} {number}")
    if server.number < 10:  # from there on an outbox has a bound, which such a flood may come to
        flood = [f"and {number}" for number in range(400)]
        alice.sends_bytes(b"".join(line({"type": "chat", "text": text}) for text in flood))
        for text in flood:
            carol.hears_from(alice, text)


@after(test_order, test_not_to_the_sender)
def test_order_when_a_send_is_late(server):
    """05.5 Each member hears one sender's messages in order, also when one send takes its time

    A thread for each message may be overtaken by the thread of the next one. Send in
    the sender's thread, or put the messages into one queue.
    """
    alice, bob = server.client("alice").joins(), server.client("bob").joins()
    for texts in (LATE, ("x" * 50_000, *LATE)):
        fence(alice, bob)
        with server.holds("send", bob) as hold:
            alice.says(texts[0])
            held = hold.caught()
            for text in texts[1:]:
                alice.says(text)
            if held and not server.is_reader_of(alice, held[0]):
                server.waits_until(lambda: bob.has_something() or server.rests(but=held), 1)  # another thread may overtake; the sender's own cannot
        for text in texts:
            bob.hears(alice, text)


@after(test_order, test_not_to_the_sender)
def test_order_when_a_thread_begins_late(server):
    """05.5 Each member hears one sender's messages in order, also when a thread that sends for it begins late

    A thread that is started to send one message, a long one perhaps, may begin after the
    next one has been sent.
    """
    alice, bob = server.client("alice").joins(), server.client("bob").joins()
    for texts in (LATE, ("x" * 50_000, *LATE)):
        fence(alice, bob)
        with server.holds("start") as hold:
            alice.says(texts[0])
            held = hold.caught(bob.has_message, seconds=1)
            for text in texts[1:]:
                alice.says(text)
            if held:
                server.waits_until(lambda: bob.has_message() or server.rests(but=held), 1)
        with server.pointing_to(held.where, "a new thread was late to begin here"):
            for text in texts:
                bob.hears(alice, text)


@after(test_order)
def test_order_when_sends_are_short(server):
    """05.5 Each member hears one sender's messages whole and in order, also when the system takes only a part at a time

    send() returns how much of it was taken. The rest goes before the next message, or the
    next one lands in its middle: sendall() sees to that.
    """
    alice, bob = server.client("alice").joins(), server.client("bob").joins()
    fence(alice, bob)
    server.sends_at_most(7)
    texts = [f"{number} подряд" for number in range(20)]
    alice.sends_bytes(b"".join(line({"type": "chat", "text": text}) for text in texts))
    for text in texts:
        bob.hears(alice, text)


@after(test_members_are_told, test_not_to_the_sender)
def test_refusal_is_private(server):
    """05.6 What was refused is answered to that client alone

    Send the refusal to the connection that the message came from, not to the room.
    """
    alice, bob = server.client("alice").joins(), server.client("bob").joins()
    alice.is_told_of(bob)
    for message, what in (({"type": "dance"}, "an unknown type"), ({"type": "chat"}, "a chat without a text"),
                          ({"type": "chat", "text": 5}, "a chat with the text 5"),
                          ({"type": "join", "user": "mallory"}, "a second join"), ({"type": "join", "user": "alice"}, "a second join with the same nick")):
        fence(alice, bob)
        bob.forgets_system_messages()
        alice.is_refused(message, what)
        fence(alice, bob)
        bob.was_told_nothing(f"{what} is answered to alice alone")


@after(test_members_are_told, test_not_to_the_sender)
def test_refused_join_is_private(server):
    """05.6 A refused join is answered to that client alone, and not announced

    Look at the nick before you put the client into the room and announce it.
    """
    alice, bob = server.client("alice").joins(), server.client("bob").joins()
    alice.is_told_of(bob)
    fence(alice, bob)
    for member in (alice, bob):
        member.forgets_system_messages()
    stranger = server.client("stranger")
    for user in ("", "x" * 33, 5):
        stranger.is_refused({"type": "join", "user": user}, f"a join with the user {user!r}")
    fence(alice, bob)
    for member in (alice, bob):
        member.was_told_nothing("a refused join is not announced")
    stranger.joins("peggy")
    stranger.says("now")
    alice.hears("peggy", "now")


def test_any_nick(server):
    """04.1 A nick is a string of 1 to 32 characters once stripped, and what is said is heard under it

    user.strip() first, once, and keep what is left, as it is; len() of a str counts
    characters, of bytes it counts bytes.
    """
    is_heard_under_any_nick(server)
