"""Members who do not read: what is said to them until nothing more can be sent, and what becomes of them then (lessons 10 and 11)."""

import contextlib
import time

from .clients import NEWLINE, WAIT
from .day import hear, says_and_is_heard
from .evidence import unique
from .faults import HOLD_SECONDS
from .messages import line
from .pointing import USUAL, lines_for
from .seen import connection_of, reader_of
from .story import shown
from .verdict import Failure, Unknown

PATIENCE = 8.0  # seconds in which the others' messages come: a send that gives up within 5 seconds may cost them those, once
SHORT, LONG, LONGEST = "x" * 1000, "x" * 30_000, "x" * 60_000  # what is said to members who do not read
MUCH, MOST = 8 << 20, 80_000_000  # bytes that are said to such a member; more than MOST, and MANY messages more, nobody may keep
MANY = 10_000
REFUSED = {"type": "dance"}
REFUSALS = 20_000  # more than that nobody is asked to count
LONG_REFUSED = {"type": LONGEST}, {"type": "join", "user": LONGEST}
QUOTED, MOST_QUOTED = 10_000, 100  # bytes of an answer that must quote what was refused; how often that is asked for
TALK, MOST_TALK = "x" * 20_000, 40  # what is said until nothing more can be sent, and how often at most
PILE = 1000  # things in one container or queue: it is where they pile up
AT_ONCE = 500  # messages at most that are under way to those who read
AGAIN = 15.0  # seconds after which a thread that still waits for such a member does so again and again
ALL = 300.0  # seconds in which so much is said


def joins_slowly(server, name):
    """A member at the end of a narrow line, whose joining is over. Raises Unknown when nothing is seen of that line from inside."""
    member = server.slow_client(name).joins()
    if not connection_of(member, server.inside()):
        raise Unknown(f"could not tell: the server has accepted {name} in a way that the kit cannot follow")
    server.witness.is_told_of(member)
    server.is_through_with(member)
    server.witness.forgets_system_messages()
    return member


def stops_reading(slow, sender, *others):
    """The member reads nothing from now on, and another speaks, heard by the others, until the server is held up by that; return what was said."""
    server, walter, said = slow.server, slow.server.witness, []
    slow.stops_reading()
    ahead, keeps_up = walter.received - server.has_sent(slow), True

    def has_come_so_far():
        return server.is_held_up_by(slow) or has_left(slow) or walter.received - server.has_sent(slow) <= ahead

    for number in range(200):
        says_and_is_heard(sender, (*others, walter), f"{number} {SHORT if number < 100 else LONG}", said)
        keeps_up = keeps_up and server.waits_until(has_come_so_far, WAIT)
        if server.is_held_up_by(slow) or has_left(slow):
            break
    return said


def is_heard_in_pieces(sender, others):
    """The sender says something that comes in two pieces, as long messages do."""
    whole = line({"type": "chat", "text": SHORT})
    for piece in (whole[:99], whole[99:]):
        sender.sends_bytes(piece)
        sender.server.takes_all(sender)
    for other in others:
        other.hears_from(sender, SHORT)


def fills_up(slow, sender, said):
    """The sender says more than the system takes when it finds a little room yet, so that the sends go on waiting."""
    for number in range(5):
        if not has_left(slow):
            says_and_is_heard(sender, (slow.server.witness,), f"one more: {number} {LONG}", said)


def has_left(member):
    """Has the room been told that it has left?"""
    member.server.witness.takes()
    return bool(member.server.witness.system_messages(member.nick))


def misses_nothing(member, said):
    """It gets all of this; or, when there was no room for it, the beginning and then the end. Return whether it got all."""
    if all(member.hears_unless_cut_off(sender, text) for sender, text in said):
        return True
    member.is_cut_off()
    return False


def reads_too_late(slow, sender):
    """The member does not read until it is disconnected; when that does not come it reads in between. Return what was said at last."""
    server, walter = slow.server, slow.server.witness
    for most, many in ((MUCH, 0), (MOST, MANY)):
        memory = server.peak_memory()
        with server.while_it_reads_nothing(slow):
            said = stops_reading(slow, sender)
            if server.gives_up_on(slow, seconds=5):
                fills_up(slow, sender, said)
                server.waits_until(lambda: has_left(slow), PATIENCE)
        with server.holds("full", slow), server.while_it_reads_nothing(slow):  # as its buffers are: but a few bytes might find room
            piles_up(slow, sender, said, LONG, lambda: size(said) > MUCH // 4)
            piles_up(slow, sender, said, LONGEST, lambda: size(said) > most)
            enough = len(said) + many
            piles_up(slow, sender, said, "", lambda: len(said) >= enough)
        if has_left(slow):
            return said
        failure = server.failure(
            f"{slow} has read nothing while {sender} said {len(said):,} messages ({size(said) >> 20} MiB), and is in the room still; "
            f"meanwhile the server's memory grew by {(server.peak_memory() - memory) >> 20} MiB",
            "what is kept for a member that does not read is bounded: at some point it is disconnected", slow)
        failure.where[:0] = where_it_piles_up(server)
        slow.reads_again()
        if unheard := reads_all(slow, sender, said):
            return unheard
        walter.forgets_system_messages()
    raise failure


def where_it_piles_up(server, most=PILE):
    """The lines that put something where more than so many things are by now."""
    fullest = server.ask("fullest")
    if not fullest or fullest["count"] <= most:
        return []
    return server.evidence.spots(fullest["places"], f"puts it where {fullest['count']:,} things are by now", "called from here")


def reads_all(slow, sender, said):
    """It reads, and nothing is missing, as it is a member still. Return what it has not heard, for it has been disconnected after all: that may be told a little late."""
    for first in range(0, len(said), AT_ONCE):
        try:
            slow.hears_all(sender, [text for _, text in said[first:first + AT_ONCE]])
        except Failure:
            if has_left(slow):
                return said[first:]
            if slow.end:
                raise left_in_silence(slow) from None
            raise
    return []


def is_told_if_it_is_closed(slow, held=lambda: False):
    """Expect that the room is told that it has left, if its connection has been ended; not while a thread is held, which may be the one that tells."""
    if slow.server.has_closed(slow) and not slow.server.waits_until(lambda: has_left(slow) or held(), PATIENCE):
        raise left_in_silence(slow)


def left_in_silence(slow):
    return slow.server.failure(f"{slow} was disconnected, and nobody was told that {slow} has left",
                               "when the bound is reached, the member is disconnected, and its leaving is announced", slow, closed=True)


def piles_up(slow, sender, said, text, enough, held=lambda: False):
    """The sender says this until it is enough(), until the slow member has been disconnected, or until a thread is held, which may be the sender's."""
    walter, began, again = slow.server.witness, time.monotonic(), slow.server.program.patience(AGAIN)
    while not enough() and not has_left(slow) and not held():
        volley = [f"{len(said) + more} {text}" for more in range(1 + min(len(said) // 8, AT_ONCE))]  # less than waits for the other already
        for each in volley:
            sender.says(each)
        walter.hears_all(sender, volley, unless=held)
        said += [(sender, each) for each in volley]
        is_told_if_it_is_closed(slow, held)
        if again.is_over() and slow.server.who_waits_for(slow):
            raise slow.server.failure(f"while {sender} said {len(said):,} messages in {again.seconds:g} seconds, sends to {slow} were given up again and again",
                                      "a member that does not read delays nobody; one to whom a send is given up is disconnected", slow)
        if time.monotonic() > began + ALL:
            raise Unknown(f"could not tell: in {ALL:g} seconds the server let only {size(said):,} bytes through to those who read")


def size(said):
    return sum(len(text) for _, text in said)


def on_the_wire(said):
    """How many bytes that is when it comes to a member."""
    return sum(len(line({"type": "chat", "user": sender.nick, "text": text})) for sender, text in said)


@contextlib.contextmanager
def no_room_for(slow):
    """From now on, and as long as this lasts, nothing can be sent to the slow one, who reads nothing; whether it leaves can be told from what the room hears."""
    server = slow.server
    server.is_through_with(slow)
    server.witness.forgets_system_messages()
    with server.holds("full", slow), server.while_it_reads_nothing(slow):
        slow.did("is slow: there is no room for anything that is sent to it")
        slow.reads = False
        yield


def kept(slow, messages, comes, most=PILE):
    """While nothing can be sent to the slow one there comes for it what comes() brings about, so many messages; then it reads again.

    comes() returns whether the server has taken all that. Return how many bytes were kept,
    0 if not all were, for it was disconnected or the server took no more; and the lines
    that put them where more than `most` things were at last.
    """
    server = slow.server
    with no_room_for(slow):
        if not comes():
            is_told_if_it_is_closed(slow)
            return 0, []
        server.waits_until(server.stands_still, WAIT)
        if server.gives_up_on(slow, seconds=5):
            server.waits_until(lambda: has_left(slow), PATIENCE)
        is_told_if_it_is_closed(slow)
        lines = where_it_piles_up(server, most)
    slow.reads_again()
    server.waits_until(lambda: slow.takes() or slow.buffer.count(NEWLINE) >= messages or slow.end or server.is_idle(slow), ALL)
    return (0 if has_left(slow) or slow.buffer.count(NEWLINE) < messages else len(slow.buffer)), lines


def what_is_quoted(server):
    """A long message whose refusal quotes it, or None."""
    member = server.client("frank").joins()
    for message in LONG_REFUSED:
        member.forgets_system_messages()
        member.sends(message)
        _, answer = member.is_told("what is refused is answered by a system message")
        if len(answer["text"]) > QUOTED:
            return message


def keeps_refusals(slow, refused, times):
    """It is refused this so many times; see `kept`."""
    server, at_once = slow.server, times // 40

    def is_refused():
        for _ in range(0, times, at_once):
            slow.sends_bytes(line(refused) * at_once, may_end=True)
            server.waits_until(lambda: server.has_taken_all(slow) or server.stands_still() or has_left(slow), WAIT)
            if has_left(slow) or not server.has_taken_all(slow):
                return False
        return True

    def sends(message):
        slow.sends(message)
        server.is_through_with(slow)

    size, lines = kept(slow, times, is_refused)
    if size and not lines:
        lines = lines_for(server.evidence, slow.port, lambda: sends(USUAL), lambda: sends(refused), shown(line(refused)), shown(line(USUAL)))
    return size, lines


def keeps_news(slow, times):
    """So many come and go, and it is told of them; see `kept`."""
    def come_and_go():
        for number in range(times):
            comes_and_goes(slow.server, f"dave-{number}")
            if has_left(slow):
                return False
        return True

    return kept(slow, 2 * times, come_and_go, most=times)


def has_room_for(sender, slow, texts, *others):
    """Nothing can be sent to the slow one while these are said, heard by the others; return those that were said until it was disconnected."""
    with no_room_for(slow):
        return says_until_it_leaves(sender, slow, texts, *others)


def says_until_it_leaves(sender, slow, texts, *others):
    """These are said, one after another, as long as the slow one has not been disconnected, and heard by the others; return those that were said."""
    server, said = slow.server, []
    for text in texts:
        if has_left(slow):
            break
        sender.says(text)
        for other in others:
            nobody_waits_for_room(sender, slow, other)
        hear((server.witness, *others), sender, text)
        said.append((sender, text))
        server.waits_until(server.stands_still, 1)
    return said


def says_them_at_once(sender, slow, texts, *others):
    """The same, but the first alone, with which a thread of the slow one's then waits for it, and then ever more at once."""
    said = len(says_until_it_leaves(sender, slow, texts[:1], *others))
    while said < len(texts) and not has_left(slow):
        volley = texts[said:said + 1 + min(said // 8, AT_ONCE)]
        for each in volley:
            sender.says(each)
        for other in (slow.server.witness, *others):
            other.hears_all(sender, volley)
        said += len(volley)


def nobody_waits_for_room(sender, slow, other):
    """The sender has said something: expect that it comes to the other one before a thread waits for room in a queue, but for the slow one's own.

    Where all stand still, and no time-out but that of such a wait can bring it, it is the slow one that the other one waits for.
    """
    server, found = slow.server, []

    def decided():
        if other.has_message():
            return True
        state = server.state()
        own = reader_of(slow, state)
        waiting = [thread for thread in state["threads"] if thread["call"] == "put" and thread["places"] and thread is not own]
        rest = [thread for thread in state["threads"] if thread["call"] != "put"]
        if waiting and server.stands_still(state) and not any(thread["timed"] or thread["call"] in ("select", "nap", "sleep") for thread in rest):
            found[:] = [] if other.has_message() else [(waiting[0], state)]
        return bool(found)

    server.waits_until(decided, server.patience)
    for thread, state in found:
        failure = server.failure(f"{other} has not got what {sender} said: {server.evidence.called(thread, state)} waits for room in a queue, while {slow} reads nothing",
                                 "a member that stops reading delays nobody: nobody waits for room in its outbox", slow)
        failure.where = unique(server.evidence.spots(thread["places"], "waits for room here", "called from here") + failure.where)
        raise failure


def talks_until_stuck(sender, *slow):
    """These read nothing, and somebody talks until nothing more can be sent to any of them, for two messages; return all that was said."""
    server, said, before, still = sender.server, [], None, 0
    for member in slow:
        member.stops_reading()
    while still < 2 and len(said) < MOST_TALK:
        said.append(f"{len(said)} {TALK}")
        sender.says(said[-1])
        server.witness.hears_from(sender, said[-1])
        server.waits_until(lambda: before != sent_to(slow) or all(map(server.is_held_up_by, slow)), HOLD_SECONDS)
        before, last = sent_to(slow), before
        still = still + 1 if before == last and all(map(server.is_held_up_by, slow)) else 0
    for member in slow:
        member.did("is slow: a send to it waits")
    return said


def sent_to(members):
    return [member.server.has_sent(member) for member in members]


def life_goes_on(server, alice, carol):
    """The others talk, are refused, come and go, and hear of it all."""
    for sender, other in ((alice, carol), (carol, alice)):
        says_and_is_heard(sender, (other, server.witness), f"{sender} goes on")
    alice.is_refused({"type": "dance"}, "an unknown type")
    dave = server.client("dave").joins()
    for member in (alice, carol):
        member.is_told_of(dave)
    dave.leaves()
    for member in (alice, carol):
        member.is_told_of(dave, f"{member} is told that dave has gone")
    says_and_is_heard(alice, (carol, server.witness), "dave has gone")


def comes_and_goes(server, name):
    """Somebody who joins and leaves, of which walter is told; has he been told of both, so has everybody who reads."""
    client = server.client(name).joins()
    server.witness.is_told_of(client)
    client.leaves()
    server.witness.is_told_of(client)
    return client
