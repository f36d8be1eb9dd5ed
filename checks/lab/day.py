"""A day in the room: members come, speak and go in all ways, so that the server's threads do what they do."""

import contextlib

from .faults import MOST_POINTS
from .messages import LONGEST_LINE
from .verdict import Failure, Unknown

OFTEN = 5  # times; some servers brake who asks for a taken nick again and again
MORE_THAN_A_BUFFER = 20_000  # characters; a file made of a socket holds up to 8 KiB back


def leaves(member):
    member.leaves()


def finishes_sending(member):
    member.half_closes()


def breaks_off(member):
    member.resets()


def finishes_while_a_send_is_late(client, acts):
    """The client acts, and finishes sending, while the thread that has sent the first answer to it is late."""
    server = client.server
    with server.holds("sent", client) as hold:
        acts()
        client.half_closes()
        held = hold.caught()
        server.waits_until(lambda: server.rests(but=held), 1)


def sends_nonsense(member):
    member.sends_bytes(b"this is no JSON\n", may_end=True)


def sends_too_long_a_line(member):
    member.sends_bytes(b'{"type": "chat", "text": "' + b"x" * LONGEST_LINE + b'"}\n', may_end=True)


def sends_no_utf8(member):
    member.sends_bytes(b'{"type": "chat", "text": "\xff"}\n', may_end=True)


def sends_deep_brackets(member):
    member.sends_bytes(b"[" * 30_000 + b"\n", may_end=True)  # deeper than json follows: a RecursionError


GOING = leaves, finishes_sending, breaks_off, sends_nonsense


@contextlib.contextmanager
def and_then(judge):
    """Judge what was seen inside; before that is told which went wrong on the way, for it may have come of just this."""
    try:
        yield
    except Failure:
        with contextlib.suppress(Unknown):
            judge()
        raise
    judge()


def a_day_in_the_room(server):
    """Everything that makes threads touch the members; what comes of it is not looked at here."""
    members = alice, bob, carol = [joins_quietly(server, name) for name in ("alice", "bob", "carol")]
    for member, text in zip(members, ("hi", "hi", "x" * MORE_THAN_A_BUFFER)):
        says_and_done(member, text)
    server.comes_to_rest()
    server.sharing.looks_for(members)
    server.sleepers_wake()
    stranger = server.client("stranger")
    for message in ({"type": "chat", "text": "boo"}, *[{"type": "join", "user": "alice"}] * OFTEN):
        stranger.sends(message)
        server.is_through_with(stranger)
    server.sharing.loses(stranger)
    for message in ({"type": "dance"}, {"type": "join", "user": "bob"}, {"type": "join", "user": "peggy"}, {"type": "chat"}):
        bob.sends(message)
        server.is_through_with(bob)
    before = server.counts()
    for name, goes in zip(("dave", "erin", "frank", "gina"), GOING):
        member = server.client(name).joins()
        goes(member)
        server.notices(member)
        server.settles(*before, seconds=1)
    dies_unnoticed(server, server.client("henry").joins(), alice)
    server.settles(*before, seconds=1)
    carol.leaves()
    server.is_through_with(carol)
    server.comes_to_rest()
    server.sharing.loses(carol)
    server.sleepers_wake()
    for member in (alice, bob):
        says_and_done(member, "bye")


def meet(server, *names):
    """Members of these names, each of whom has been told of all who came later."""
    members = [server.client(name).joins() for name in names]
    for number, member in enumerate(members):
        for later in members[number + 1:]:
            member.is_told_of(later)
    return members


def joins_quietly(server, name):
    """A member whose join is over before the next one comes; where the members are is looked for each time, when nothing is to be sent to any of them."""
    member = server.client(name).joins()
    server.is_through_with(member)
    server.comes_to_rest()
    server.sharing.looks_for((server.witness, member))
    return member


def the_lock_is_held_for_long(server):
    """A member's thread is late with the lock in its hands, while others want it, some of whom may give up, and lets go of it then."""
    alice, bob, carl, dora = (server.client(name).joins() for name in ("anna", "boris", "carl", "dora"))
    stranger = server.client("a stranger")
    for point in range(1, MOST_POINTS):
        with server.holds("recv", alice, point) as hold:
            alice.says("hi")
            held = hold.caught(server.rests, seconds=1)
            if held and server.holds_a_lock(held[0]):
                server.time_passes()
                for act in (lambda: bob.says("hi"), carl.leaves, lambda: dora.resets(unnoticed=True)):
                    act()
                    server.waits_until(lambda: server.rests(but=held), 1)
                for message in ({"type": "join", "user": "x" * 33}, {"type": "chat", "text": "hi"}, {"type": "dance"}):
                    stranger.sends(message)
                    server.waits_until(lambda: server.rests(but=held), 1)
                return
        if not held:
            return
        server.is_through_with(alice)


def the_room_empties(server):
    """All go, and others come."""
    for client in server.clients:
        if not client.finished:
            client.leaves()
            server.notices(client)
    server.comes_to_rest()
    newcomers = [server.client(name).joins() for name in ("victor", "wanda")]
    server.comes_to_rest()
    server.sharing.looks_for(newcomers)


def dies_unnoticed(server, member, sender):
    """The member breaks off, and while its own thread is late with that, somebody sends to it."""
    with breaks_off_unnoticed(member):
        says_and_done(sender)
    server.notices(member)


@contextlib.contextmanager
def breaks_off_unnoticed(member, late=""):
    """The member breaks off, and inside of this its own thread is late with that; gives the hold. late: what the story says of it, if anything."""
    with member.server.holds("end", member) as hold:
        member.resets(unnoticed=True)
        if hold.caught(member.server.stands_still) and late:
            member.did(f"has a thread in the server that is late {late}")
        yield hold


def says_and_done(member, text="is anybody there?"):
    """Say something, and wait a moment until the server is through with it."""
    member.says(text)
    member.server.is_through_with(member)


def hear(members, sender, text):
    for member in members:
        member.hears_from(sender, text)


def says_and_is_heard(sender, others, text, said=None):
    """The others hear it as the next from this sender; it is noted in `said`, [(sender, text)], if there is such a list."""
    sender.says(text)
    hear(others, sender, text)
    if said is not None:
        said.append((sender, text))


def fence(*members, is_next=True):
    """What was said before is over: each member says something that must be the next chat the others hear (is_next), or be heard at last.

    Two rounds, since one client's thread may overtake another's.
    """
    for number in (1, 2):
        for member in members:
            member.says(f"fence {number}")
            for other in members:
                if other is not member:
                    (other.hears if is_next else other.hears_at_last)(member, f"fence {number}")


def is_over(*members):
    """What was said and announced before has come, whatever it was."""
    fence(*members, is_next=False)


def start_afresh(*members):
    """What they said last is sent to nobody any more, and what they were told until now is put away."""
    for member in members:
        member.server.is_through_with(member)
        member.forgets_system_messages()


def is_heard_and_leaves(member, nick):
    member.is_heard_as(nick)
    member.leaves()
    member.gets_end()
    member.server.witness.is_told_of(nick)


def the_room_lives(server, after):
    """A newcomer joins and is heard; nobody who waits for a client holds the lock."""
    newcomer = server.client("newcomer").joins()
    if not newcomer.is_in():
        raise server.failure(f"after {after} a newcomer is not heard", "the room goes on as before", client=newcomer)
    server.comes_to_rest()
    server.sharing.looks_for((server.witness, newcomer))
    server.sharing.lock_is_free(after)
    newcomer.leaves()
    newcomer.gets_end()
    server.witness.is_told_of("newcomer")
    server.notices(newcomer)
