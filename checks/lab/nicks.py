"""Who gets a nick, and whether it is free again (lesson 07 and later)."""

from .evidence import place
from .faults import MOST_POINTS, points

SOON = 2.0  # seconds in which a nick becomes free: it may be a little later than it is announced


def is_not_let_in(client, nick):
    client.asks_for(nick)
    offset, _ = client.is_told(f"a join with the taken nick {nick!r} is answered by a system message")
    if client.is_in():
        there = "had joined before" if client.server.program.errors else "is in the room"  # whoever has it may be the one whose thread died
        raise client.server.failure(f"{client} was let in, though {nick.strip()!r} {there}: whatever it was told, what it says is heard in the room",
                                    f"a join with the taken nick {nick.strip()!r} is refused, and who was refused has not joined", client=client, offset=offset)


def ask_while_one_is_late(server):
    """Two ask for the same nick, the thread of one being late at one point after another, and once somebody else for a free one.

    Return how many critical sections there are in a join.
    """
    before, most, beside = None, 0, None
    for point in range(1, MOST_POINTS):
        one, other, nick = server.client(f"ann {point}"), server.client(f"bea {point}"), f"nick{point}"
        with server.holds("recv", one, point) as hold:
            one.asks_for(nick)
            held = hold.caught(one.has_something)
            sections = server.sections(held[0]) if held else 0
            before = sections if before is None else before
            most = max(most, sections - before)
            other.asks_for(nick)
            if held:
                one.did("is served by a thread that is late just now, at " + place(held.where))
                is_first = not beside and server.holds_a_lock(held[0])
                if is_first:
                    beside = server.client("eve")
                    beside.asks_for("eve")
                    server.waits_until(lambda: beside.has_something() or server.rests(but=held), 1)
                server.waits_until(lambda: other.has_something() or server.rests(but=held), 1)
        one_gets_it(one, other, nick, held, "when the other's came in between")
        if not held:
            break
        if is_first:
            is_let_in_later(beside, held)
    return most


def first_two_ask_while_one_is_late(server):
    """The same of the first two in an empty room, the thread of one being late at one point after another, each time in a fresh run."""
    for point in points():
        with server.anew() as fresh:
            one, other = (fresh.kind(fresh, name) for name in ("ann", "bea"))  # not fresh.client(), before whom walter comes
            with fresh.holds("recv", one, point) as hold:
                one.asks_for("zoe")
                held = hold.caught(one.has_something)
                if not held:
                    return
                other.asks_for("zoe")
                one.did(f"is served by a thread that is late just now, at {place(held.where)}")
                fresh.waits_until(lambda: other.has_something() or fresh.rests(but=held), 1)
                is_answered = other.has_something()
            fresh.witness  # comes now, of whom only one of the two is told
            for client in (one, other):
                client.news.clear()
            if one_gets_it(one, other, "zoe", held, "when the other's came in between; nobody else was in the room") is one and is_answered:
                return  # the late one was in already


def ask_while_both_are_late(server, number, section, others_section, refused="", leaves=False):
    """Two ask for the same nick, and the threads of both are late, each behind a critical section: its first, second and so on.

    refused: a taken nick, for which both have asked before; leaves: does somebody leave in
    between, so that there are as many members as before? Return whether a thread was held.
    """
    leaver = leaves and server.client(f"fay {number}").joins()
    one, other, nick = server.client(f"cid {number}"), server.client(f"dora {number}"), f"another{number}"
    for client in (one, other) if refused else ():
        client.is_refused({"type": "join", "user": refused}, f"a join with the taken nick {refused!r}")
    with server.holds("section", one, section) as first, server.holds("section", other, others_section) as second:
        one.asks_for(nick)
        first.caught(one.has_something)
        if leaver:
            leaver.leaves()
            server.waits_until(lambda: server.has_closed(leaver) and server.rests(but=first.held), 1)
        other.asks_for(nick)
        held = second.caught(lambda: other.has_something() or server.rests(but=first.held))
        if first.held and held:
            one.did(f"and {other} are served by threads that are both late, behind a critical section each, at {place(first.held.where)} and {place(held.where)}")
        first.release()
        server.waits_until(lambda: server.rests(but=held), 1)
    one_gets_it(one, other, nick, held, "when the other's was late, too" + ", and a third had left in between" * leaves)
    return bool(first.held)


def one_gets_it(one, other, nick, held, when):
    """Of these two that have asked for this nick exactly one is let in; return it. held: the thread that was late meanwhile."""
    server = one.server
    for client in (one, other):
        client.is_told(f"{client}'s join is answered by a system message")
    let_in = [client for client in (one, other) if client.is_in()]
    if len(let_in) != 1:
        failure = server.failure(f"{'both' if let_in else 'neither'} of two that asked for {nick!r} got it"
                                 + (f": one's thread was late at {place(held.where)}, {when}" if held else ""),
                                 "exactly one of them gets the nick, in whatever order the threads run")
        failure.where = server.evidence.spots(held.where, "one thread was late here, and another went on") + failure.where
        raise failure
    for client in (one, other):
        client.closes()
    server.waits_until(server.rests, 1)
    return let_in[0]


def is_let_in_later(client, held):
    """The client has asked for a free nick while the lock was held by this thread, and is let in when it can be had."""
    server = client.server
    client.is_told(f"{client}'s join is answered by a system message")
    missed, gave_up = server.missed_a_lock(client)
    if not client.is_in() and not gave_up:
        failure = server.failure(f"{client} asked for a nick that is free, just when another's thread held a lock, and is not in the room",
                                 "whoever asks for a free nick is let in, in whatever order the threads run", client=client)
        failure.where = (server.evidence.spots(missed[:1], "asks for the lock, and goes on without it")
                         + server.evidence.spots(held.where, "one thread was late here, with a lock in its hands") + failure.where)
        raise failure


def come_and_go_while_late(alice, leaver, late, coming, hold):
    """Others come, and leaver goes, while the thread that serves late is held: comes late, or leaves? Returns the hold's catch."""
    server, newcomers = late.server, []
    with hold:
        if coming:
            late.asks_for(late.name)
        else:
            late.leaves()
        held = hold.caught(lambda: (late.has_something() if coming else server.has_closed(late)) and server.rests(), seconds=1)
        if held:
            late.did(f"is served by a thread that is late just now, behind {'a critical section' if hold.what == 'section' else 'its close()'}, at {place(held.where)}")
            newcomers = [server.client(f"carol-{number}-{late}") for number in range(3 if server.has_closed(late) else 1)]  # one of them may get its file's number
            for newcomer in newcomers:
                newcomer.asks_for(newcomer.name)
            leaver.leaves()
            server.waits_until(lambda: server.rests(but=held), 1)
    if held:
        with server.pointing_to(held.where, "one thread was late here, and others went on"):
            have_come(alice, *newcomers, *[late] * coming)
            have_gone(server, leaver, *[late] * (not coming))
    for client in (late, leaver, *newcomers):
        client.closes()
    return held


def have_come(alice, *members):
    for member in members:
        if not member.is_in():
            raise member.server.failure(f"{member} asked for a nick that is free, and is not in the room", "whoever asks for a free nick is let in", client=member)
        alice.says(f"hello {member}")
        member.hears_at_last(alice, f"hello {member}")


def have_gone(server, *members):
    for member in members:
        server.witness.is_told_of(member)
        is_free_soon(server, member.nick, f"{member} has gone")


def gets_the_nick(client, nick, otherwise, seconds=0.0):
    """Ask for a nick that is free again, and expect to be let in, after so many seconds at most; `otherwise` says what was wrong."""
    refused_at = 0

    def is_let_in():
        nonlocal refused_at
        client.asks_for(nick)
        refused_at, _ = client.is_told("a join with a nick that is free again is answered by a system message")
        return client.is_in()

    if not client.server.waits_until(is_let_in, seconds):
        raise client.server.failure(otherwise, "a nick is free again once its member has left", client=client, offset=refused_at)


def is_free_soon(server, nick, why):
    again = server.client(f"the next {nick}")
    server.waits_until(server.rests, 1)
    gets_the_nick(again, nick, f"the nick {nick!r} is still taken, though {why}", SOON)
    again.leaves()
    again.closes()  # some wait for that before they close their side
    server.notices(again)


def is_free_again(server, nick):
    again = server.client(f"the next {nick}")
    gets_the_nick(again, nick, f"the nick {nick!r} is still taken, though {nick} is dead")
    again.leaves()
    again.gets_end()
