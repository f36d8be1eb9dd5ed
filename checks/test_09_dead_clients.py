"""Lesson 09: members who die, and what becomes of the others, rule by rule."""

import contextlib

from test_08_snapshot import *  # noqa: F403  what the lessons before asked still holds; first, for the imports below may bring the same names

from lab.day import and_then, breaks_off_unnoticed, is_over, joins_quietly, says_and_done, says_and_is_heard, start_afresh
from lab.evidence import place
from lab.faults import MOST_POINTS
from lab.nicks import is_free_again
from test_05_broadcast import dies_unheard_while, dies_while, goes_on_after_a_failed_send
from test_07_lock import SEND_ERRORS

del test_announced_once_though_a_send_fails  # 09.2 asks for that, and for more

ERRORS = *SEND_ERRORS, "EHOSTUNREACH"  # the last is no ConnectionError
MANY = 12  # members who die at once
ALL = 200  # members who die one after another
AT_ONCE = 10  # of these


def test_listens(server):
    """09.1 python server.py listens on 127.0.0.1:9090 and serves until it is stopped

    Write HOST, PORT = "127.0.0.1", 9090 and listen there: 127.0.0.1 is this machine
    alone, 0.0.0.0 would let the whole network in.
    """
    server.listens_on("127.0.0.1", 9090)


def test_a_failed_send(server):
    """09.1 A send that fails takes nothing from the others: they get the message, and the sender stays

    One try around each send, not one around the loop; catch OSError, for a send may fail
    with a ConnectionResetError, a BrokenPipeError, and others of that family.
    """
    first, alice, last = (server.client(name).joins() for name in ("first", "alice", "last"))
    for error in ERRORS:
        bob = server.client(f"bob-{error}").joins()
        server.cannot_send_to(bob, error)
        for text in (f"is {bob} there?", "and now?"):
            says_and_is_heard(alice, (first, last, server.witness), text)


def test_others_get_the_message(server):
    """09.1 A send that fails takes nothing from the others, also before the dead member's own thread has noticed

    After a failed send the loop goes on with the next member: what a late thread will
    clean up is still there until then.
    """
    goes_on_after_a_failed_send(server, dies_while)


def test_others_get_the_message_from_a_member_never_heard(server):
    """09.1 A send that fails takes nothing from the others, also while the dead member's own thread is elsewhere

    The error may be a ConnectionResetError or a BrokenPipeError: both are OSErrors.
    """
    goes_on_after_a_failed_send(server, dies_unheard_while)


def test_found_by_its_own_thread(server):
    """09.2 A dead member is removed, its connection closed, its nick free again, and its leaving announced once

    Its own thread finds out in recv: one way out for all, and there it is removed.
    """
    dies_once(server, lambda bob, alice, carol: bob.resets())


def test_found_by_a_send(server):
    """09.2 A member that a send finds dead, while its own thread waits in recv, is cleaned up and announced once

    Take it out under the lock, announce it, and shut its connection down: shutdown()
    wakes its own thread, which close() does not.
    """
    dies_once(server, lambda bob, alice, carol: found_dead(bob, "EPIPE", alice))


def test_found_by_a_send_that_is_reset(server):
    """09.2 A member to whom a send fails with a ConnectionResetError is cleaned up and announced once

    Catch OSError around a send: BrokenPipeError is one kind of it only.
    """
    dies_once(server, lambda bob, alice, carol: found_dead(bob, "ECONNRESET", alice))


def found_dead(member, error, sender):
    with own_threads_are_late(member):
        member.server.cannot_send_to(member, error)
        says_and_done(sender)


@contextlib.contextmanager
def own_threads_are_late(*members):
    """Until what is done inside is over: they, which shutdown() wakes, would do a part of the work, now more and now less. Then one goes on after another."""
    server = members[0].server
    with contextlib.ExitStack() as late:
        holds = [late.enter_context(server.holds("end", member)) for member in members]
        yield
        for hold in holds:
            server.calms_down()
            hold.release()


def test_found_by_two_sends_at_once(server):
    """09.2 A member that several threads find dead at the same moment is cleaned up and announced once

    Whoever takes it out of the members under the lock announces it; the others find that
    it is not there any more.
    """
    def both_send(bob, alice, carol):
        server.cannot_send_to(bob, ERRORS[0])
        with own_threads_are_late(bob), server.holds("send", bob, count=2) as hold:
            for member in (alice, carol):
                member.says("is bob there?")
            if len(hold.caught(server.stands_still, count=2, seconds=1)) == 2:
                bob.did("is sent to by two threads at the same moment")
            hold.release_last()
            server.calms_down()
        for member in (alice, carol):
            server.is_through_with(member)

    dies_once(server, both_send)


def test_found_by_a_welcome(server):
    """09.2 A member that the announcement of a join finds dead is cleaned up and announced once

    Every send may find somebody dead: chats, announcements of a join and of a leaving
    go the same way.
    """
    def dave_joins(bob, alice, carol):
        with own_threads_are_late(bob):
            server.cannot_send_to(bob, "EPIPE")
            dave = server.client("dave").joins()
            server.is_through_with(dave)
        with server.pointing_to(server.failed_send_to(bob), "a send to bob, who is dead, fails here"):
            told = {member: [member.is_told_of(bob, f"{member} is told that bob has gone, whom the announcement of dave has found dead")] for member in (alice, carol)}
        dave.leaves()
        dave.gets_end()
        server.notices(dave)
        return told

    dies_once(server, dave_joins)


def test_found_while_its_own_thread_is_late(server):
    """09.2 A dead member stays away and is announced once, also when its last words are served late

    Who was taken out of the members stays out: put a client in when it joins, and nowhere
    else; whoever notes something about a member looks first, under the lock, whether it is still in.
    """
    def says_and_dies(bob, alice, carol):
        with server.holds("recv", bob) as hold:
            bob.says("am I late?")
            held = hold.caught(lambda: alice.has_something() or server.rests(), seconds=1)
            if held:
                bob.did(f"has a thread in the server that is late with this just now, at {place(held.where)}")
            server.cannot_send_to(bob, ERRORS[0])
            alice.says("is bob there?")
            server.waits_until(lambda: server.rests(but=held), 1)

    dies_once(server, says_and_dies)


def test_found_after_a_newcomer_has_joined(server):
    """09.2 Who joins just before a send finds a member dead is told of its leaving, too

    Tell those who are members when the dead one is taken out: copy them under the lock
    there; who was to hear the message before may be others.
    """
    def dave_joins_first(bob, alice, carol):
        dave = server.client("dave")
        with own_threads_are_late(bob), server.holds("send", bob) as hold:
            alice.says("is bob there?")
            held = hold.caught(server.stands_still, seconds=1)
            dave.asks_for("dave")
            server.waits_until(lambda: dave.has_something() or server.rests(but=held), 1)
            is_in = held and dave.has_something()
            server.waits_until(lambda: server.rests(but=held), 1)
            server.cannot_send_to(bob, ERRORS[0])
        told = {member: [member.is_told_of(bob, f"{member} is told that bob has gone")] for member in (alice, carol)}
        if is_in:
            dave.is_told_of(bob, "dave, who has joined before a send found bob dead, is told that bob has gone")
        dave.leaves()
        dave.gets_end()
        server.notices(dave)
        return told

    dies_once(server, dave_joins_first)


def test_removed_under_the_lock(server):
    """09.2 The dead member is removed under the lock

    A clean-up changes the members like any leaving does: inside `with lock`.
    """
    with and_then(server.sharing.is_guarded):
        alice, bob, carol = (joins_quietly(server, name) for name in ("alice", "bob", "carol"))
        found_dead(bob, "EPIPE", alice)
        carol.resets()
        says_and_done(alice)
        joins_quietly(server, "dave")


def test_a_late_clean_up(server):
    """09.2 A late clean-up takes nothing from the next member who has that nick

    Take a member out by its connection, or look whether the nick is still this connection's.
    """
    alice, bob = server.client("alice").joins(), server.client("bob").joins()
    again = server.client("the next bob")
    with breaks_off_unnoticed(bob, "just now"):
        says_and_done(alice)
        again.asks_for("bob")
        again.is_told("a join is answered by a system message")
        was_in = again.is_in()
    server.notices(bob)
    again.takes()
    if was_in and (again.end or not again.is_in()):
        raise server.failure("the next bob is thrown out when the thread of the dead one cleans up",
                             "a clean-up takes out the dead member, and nobody else", client=again, closed=bool(again.end))


def test_found_by_a_send_and_its_own_thread(server):
    """09.2 A member that a send and its own thread find dead is announced once, in whatever order they run

    `if conn in clients: del clients[conn]` in two critical sections is two steps: another
    thread may come between. pop() under the lock is one.
    """
    comes_between_at_each_point(server, one_comes_between)


def test_found_by_its_own_thread_and_a_send(server):
    """09.2 A member is announced once, also when a send finds it dead while its own thread is late to clean up

    Look and take out in one critical section: also a flag such as `alive` is looked at and
    changed under the lock.
    """
    comes_between_at_each_point(server, one_comes_before)


def comes_between_at_each_point(server, comes):
    """One member after another dies and is found dead twice, one of the two threads being late at one point after another."""
    alice, carol = server.client("alice").joins(), server.client("carol").joins()
    before = server.counts()
    dead = {}  # member -> where a thread was late
    for point in range(1, MOST_POINTS):
        bob = server.client(f"bob-{point}-").joins()
        for member in (alice, carol):
            member.is_told_of(bob)
        reached = comes(server, bob, alice, point)
        server.calms_down()  # so that what is told of bob is told before the next one comes
        dead[bob] = reached.where
        if not reached:
            break
    nothing_is_left(server, before, dead, alice, carol)


def one_comes_before(server, bob, alice, point):
    """Bob has gone, and his own thread is late at this point with that while a send to him fails; is there such a point?"""
    with server.holds("recv", bob, point) as own:
        bob.half_closes()
        reached = own.caught(lambda: server.has_closed(bob) or server.rests(), seconds=1)
        if reached:
            bob.did(f"has gone, and the server's thread for this is late just now, at {place(reached.where)}")
            server.cannot_send_to(bob, ERRORS[0])
            alice.says("is bob there?")
            server.waits_until(lambda: server.rests(but=reached), 1)
    return reached


def one_comes_between(server, bob, alice, point):
    """A send to bob fails, and its thread is late at this point while bob's own thread cleans up; is there such a point?"""
    with server.holds("fail", bob, point) as sender:
        with breaks_off_unnoticed(bob) as own:
            alice.says("is bob there?")
            reached = sender.caught(lambda: server.rests(but=own.held), seconds=1)
        if reached:
            bob.did(f"is found dead by a send, whose thread is late just now, at {place(reached.where)}")
            server.waits_until(lambda: server.rests(but=reached), 1)
    return reached


def dies_once(server, dies):
    """Bob dies in this way; alice and carol are told once, and nothing of him is left. dies() returns what they were told of him already: see `nothing_is_left`."""
    alice, carol = server.client("alice").joins(), server.client("carol").joins()
    before = server.counts()
    bob = server.client("bob").joins()
    is_over(alice, carol)
    start_afresh(alice, carol)  # or what they said last might still be sent to bob
    told = dies(bob, alice, carol)
    nothing_is_left(server, before, [bob], alice, carol, told=told)


def nothing_is_left(server, before, dead, *others, told=None):
    """These have died: the others are told of each, once, and no thread, connection or nick of theirs is left.

    dead: members, or {member: where one of the two threads that found it dead was late}; told: {member: [text that it was told of the dead already]}.
    """
    late, dead = dict.fromkeys(dead, ()) | (dead if isinstance(dead, dict) else {}), list(dead)
    told = told or {member: [] for member in others}
    for one in dead:
        with server.pointing_to(server.failed_send_to(one), f"a send to {one}, who is dead, fails here"):
            for member in others:
                if not any(one.nick in text for text in told[member]):  # one message may be about several
                    told[member].append(member.is_told_of(one, f"{member} is told that {one} has gone"))
            if not one.finished:
                one.gets_end(reset_is_fine=True)
    server.is_back_to(before, "their deaths" if len(dead) > 1 else f"{dead[0]}'s death")
    is_over(*others)
    comes_and_goes = [client for client in server.clients if client.nick and client not in (*dead, *others, server.witness)]
    for member in others:
        texts = [*((None, text) for text in told[member]), *member.system_messages()]
        extra = one_too_many(texts, [one.nick for one in (*dead, *comes_and_goes, *comes_and_goes)])
        if extra:
            offset, text = extra
            one = next(one for one in (*dead, *comes_and_goes) if one.nick in text)
            with server.pointing_to(late.get(one, ()), f"one thread was late here, and another found {one} dead, too"):
                raise server.failure(f"{member} got one more system message {text!r}", f"{member} is told once that {one} has gone", client=member, offset=offset)
    server.had_no_mistakes("a death")
    with server.pointing_to(server.failed_send_to(dead[-1]), f"a send to {dead[-1]}, who is dead, fails here"):
        is_free_again(server, dead[-1].nick)


def one_too_many(texts, nicks):
    """Of these (offset, text), in their order, the first that is one more than there are nicks for it, or None; a text may contain further nicks, of those who are there."""
    taken = {}  # place in nicks -> the number of the text that is about this one

    def finds_a_place(number, tried):
        for place, nick in enumerate(nicks):
            if nick in texts[number][1] and place not in tried:
                tried.add(place)
                if place not in taken or finds_a_place(taken[place], tried):
                    taken[place] = number
                    return True
        return False

    return next((text for number, text in enumerate(texts) if any(nick in text[1] for nick in nicks) and not finds_a_place(number, set())), None)


def test_several_dead_at_once(server):
    """09.3 Several members dead at once are all cleaned up, each announced once

    Collect the dead in a list and go through it; telling the others may find the next
    ones, so go on until nobody is left: in a loop, not by calling yourself.
    """
    alice, carol = server.client("alice").joins(), server.client("carol").joins()
    before = server.counts()
    dying = many_join(server, alice, carol)
    ann = server.client("ann").joins()
    server.is_through_with(ann)
    can_be_sent_nothing(dying)
    with own_threads_are_late(*dying):
        dying[0].resets()  # so that shutdown() of its connection fails
        says_and_done(alice)
    if not ann.is_in():
        raise server.failure("ann, who has joined after those who died, is heard no more", "who lives stays", client=ann)
    ann.leaves()
    ann.gets_end()
    server.notices(ann)
    nothing_is_left(server, before, dying, alice, carol)
    server.does_not_recurse(MANY, "dead member", "however many die at once, all are cleaned up")


def many_join(server, *others):
    """Members who will die; the others have heard of their coming."""
    many = [server.client(f"d{number}-").joins() for number in range(MANY)]
    for member in many:
        server.is_through_with(member)  # or the thread that still tells the others might be the first to find some of them dead
    is_over(*others)
    start_afresh(*others)
    return many


def can_be_sent_nothing(dying):
    for number, member in enumerate(dying):
        member.server.cannot_send_to(member, ERRORS[number % len(ERRORS)])


def test_several_found_by_a_farewell(server):
    """09.3 Several members that the announcement of a leaving finds dead are each announced once

    Look at what the sends of an announcement have found, too, and go on with those: in a
    loop, until nobody is left.
    """
    alice, carol = server.client("alice").joins(), server.client("carol").joins()
    before = server.counts()
    bob = server.client("bob").joins()
    dying = many_join(server, alice, carol)
    can_be_sent_nothing(dying)
    with own_threads_are_late(*dying):
        bob.leaves()
        server.notices(bob)
    nothing_is_left(server, before, [bob, *dying], alice, carol)


def test_found_by_two_farewells(server):
    """09.3 Several members dead at once are each announced once, also one found by the announcements of two

    Whoever is found dead twice stands twice in a list of the dead: pop(conn, None), or
    look whether it is still there when its turn comes.
    """
    alice, carol = server.client("alice").joins(), server.client("carol").joins()
    before = server.counts()
    dying = first, second, third = [server.client(name).joins() for name in ("dan", "erin", "frank")]
    is_over(alice, carol)
    start_afresh(alice, carol, *dying)
    for member in (second, third):
        server.cannot_send_to(member, ERRORS[0])
    with own_threads_are_late(*dying), server.holds("fail", third) as hold:
        alice.says("is anybody there?")
        held = hold.caught(server.rests, seconds=1)
        if held:
            third.did(f"is found dead by a send, whose thread is late just now, at {place(held.where)}")
        server.cannot_send_to(first, ERRORS[0])
    server.is_through_with(alice)
    says_and_done(carol)
    nothing_is_left(server, before, dying, alice, carol)


def test_several_while_one_is_announced(server):
    """09.3 Members found dead while the death of another is just being announced are each announced once

    Who is at work does not hear that there is more to do: before a thread waits for the
    next dead it looks whether there are some, under the lock, and takes all of them.
    """
    alice, carol = server.client("alice").joins(), server.client("carol").joins()
    before = server.counts()
    bob = server.client("bob").joins()
    dying = many_join(server, alice, carol)
    server.cannot_send_to(bob, ERRORS[0])
    with own_threads_are_late(bob, *dying), server.holds("send", alice) as hold:
        alice.says("is bob there?")
        if hold.caught(server.stands_still, seconds=1):
            bob.did("is being announced to alice as dead, by a thread that is late just now")
        can_be_sent_nothing(dying)
        carol.says("and the others?")
        server.waits_until(server.stands_still, 1)
    for member in (alice, carol):
        server.is_through_with(member)
    nothing_is_left(server, before, [bob, *dying], alice, carol)


def test_two_find_each_other_dead(server):
    """09.3 Two that find each other dead at the same moment are each announced once

    Whoever cleans up waits for no other thread's end: that one may be waiting for this one's.
    """
    alice, carol = server.client("alice").joins(), server.client("carol").joins()
    before = server.counts()
    dan, eve = server.client("dan").joins(), server.client("eve").joins()
    is_over(alice, carol, dan, eve)
    start_afresh(alice, carol, dan, eve)
    for member in (dan, eve):
        server.cannot_send_to(member, ERRORS[0])
    with own_threads_are_late(dan, eve), server.holds("send", dan) as to_dan, server.holds("send", eve) as to_eve:
        dan.says("hi eve")
        eve.says("hi dan")
        if to_dan.caught(server.stands_still, seconds=1) and to_eve.caught(server.stands_still, seconds=1):
            dan.did("and eve are sent to at the same moment, each by the other's thread")
        to_dan.release()
        server.calms_down()
    nothing_is_left(server, before, [dan, eve], alice, carol)


def test_two_hundred_deaths(server):
    """09.4 After 200 members have died by reset the server has as many threads and open sockets as before them

    Each thread ends, and each connection is closed, on every way out.
    """
    alice = server.client("alice").joins()
    before = server.counts()
    for batch in range(ALL // AT_ONCE):
        dying = [server.client(f"d{batch}-{number}").joins() for number in range(AT_ONCE)]
        for number, member in enumerate(dying):
            member.resets(unnoticed=True)
            if number % 5 == 0:
                alice.says("is anybody there?")
        server.settles(*before)
    server.is_back_to(before, f"{ALL} deaths")
    if not alice.is_in():
        raise server.failure("alice is heard no more after the others' deaths", "the sender stays", client=alice)
