"""Lesson 11: a clean end, rule by rule."""

import contextlib
import socket

from test_10_slow_clients import *  # noqa: F403  what the lessons before asked still holds; first, for the imports below may bring the same names

from lab import noise, stories
from lab.clients import WAIT
from lab.course import after
from lab.day import breaks_off_unnoticed
from lab.ending import no_daemons
from lab.evidence import place
from lab.faults import HOLD_SECONDS, MOST_POINTS, points
from lab.stalled import TALK, joins_slowly, talks_until_stuck
from lab.verdict import Failure
from test_05_broadcast import test_order  # noqa: F401  200 messages at once: the outbox that is given here has room for them

del test_ctrl_c  # 11.2 asks for more, and for no daemon threads

STALLED = 8  # members who read nothing: with half a second for each, one after the other, the end takes four
CROWD = 34  # members in the room at once: more than a ThreadPoolExecutor has threads by itself
NEWCOMERS = 8  # who come just before the end
PAUSE = 0.1  # seconds that a slow member takes between two reads, while the server ends; the solution gives it half a second


def test_listens(server):
    """11.1 python server.py listens on 127.0.0.1:9090 and serves until it is stopped

    Write HOST, PORT = "127.0.0.1", 9090 and listen there: 127.0.0.1 is this machine
    alone, 0.0.0.0 would let the whole network in.
    """
    server.listens_on("127.0.0.1", 9090)


def test_goodbye(server):
    """11.1 On Ctrl-C every member gets a system message, and every connection is closed

    Catch KeyboardInterrupt around the loop that accepts, and tell each member; when that
    has been sent, end its connection.
    """
    members = alice, bob, carol = room(server)
    strangers = somebody_who_has_not_joined(server)
    alice.says("hi")
    for member in (bob, carol):
        member.hears(alice, "hi")
    server.comes_to_rest()
    ending = server.gets_ctrl_c()
    for member in members:
        ending.said_goodbye_to(member)
    for client in strangers:
        ending.let_go_of(client)


def test_slow_member(server):
    """11.1 A member that is slow but reads gets all that was said before Ctrl-C, and then the system message

    What still lies in an outbox when Ctrl-C comes is to be sent: put the system message
    behind it, and wait for the writer's end, for a second or so.
    """
    alice, bob = server.client("alice").joins(), joins_slowly(server, "bob")
    forget_announcements(server, alice, bob)
    said = talks_until_stuck(alice, bob)
    for number in range(1, 6):
        said.append(f"and {number}")
        alice.says(said[-1])
    server.is_through_with(alice)
    if server.has_closed(bob):
        return  # too slow for this server, which is lesson 10's business
    ending = server.gets_ctrl_c(sips=[bob], late=[bob], pause=PAUSE)
    ending.said_goodbye_to(alice)
    ending.said_goodbye_to(bob, said)


@after(test_goodbye)
def test_goodbye_to_many(server):
    """11.1 Every member gets it, however many there are

    Go through all of them, and let nobody wait for another one's end.
    """
    members = [server.client(f"member-{number}-").joins() for number in range(1, CROWD + 1)]
    forget_announcements(server, *members)
    ending = server.gets_ctrl_c()
    for member in members:
        ending.said_goodbye_to(member)


@after(test_goodbye)
def test_goodbye_after_half_a_message(server):
    """11.1 A member to whom half of a message has been sent just then gets the rest, and then the system message

    The system message goes the way that all the rest goes, through the member's outbox: a
    send past it may come into the middle of another thread's message.
    """
    alice, bob, carol = room(server)
    with server.holds("piece", bob) as hold:
        alice.says("hi")
        held = hold.caught(bob.has_message, seconds=WAIT)
        if held and server.is_main_thread(held[0]):  # Ctrl-C interrupts that one wherever it is
            hold.release()
        elif held:
            bob.did(f"has got half of a message: the send of it is late just now, at {place(held.where)}")
        bob.stops_reading()
        ending = server.gets_ctrl_c(late=[bob], then=hold.release)
    with server.pointing_to(held.where, "was in the middle of sending a message to bob"):
        ending.said_goodbye_to(bob, ["hi"])
    ending.said_goodbye_to(carol, ["hi"])


def test_goodbye_past_the_dead(server):
    """11.1 The others get the system message also when the send of it to one member fails

    One try around each send, as in lesson 09.
    """
    alice, bob, carol = room(server)
    for member in (alice, carol):
        server.cannot_send_to(member, "EPIPE")
    server.gets_ctrl_c().said_goodbye_to(bob)


@after(test_goodbye)
def test_goodbye_past_one_who_has_broken_off(server):
    """11.1 The others get the system message also when a member has broken off just before

    shutdown() raises an OSError for a connection that is no more, as a send does: one try
    around each.
    """
    alice, *others = room(server)
    ending = ends_when_one_has_broken_off(server, alice)
    for member in others:
        ending.said_goodbye_to(member)


def ends_when_one_has_broken_off(server, member):
    with breaks_off_unnoticed(member, "with that") as hold:
        return server.gets_ctrl_c(then=hold.release)


@after(test_goodbye)
def test_goodbye_when_readers_are_quick(server):
    """11.1 Every member gets it, also when readers that are woken end before the main thread goes on

    First say goodbye, then wake the readers, both inside one `with lock`: a reader that is
    awake takes its client out.
    """
    for point in points():
        with server.anew() as another:
            members = *_, carol = room(another)
            with another.holds("shut", carol, point) as hold:
                ending = another.gets_ctrl_c(then=hold.release)
                held = hold.held
            with another.pointing_to(held.where, "has woken a reader, was late here, and the reader came to its end"):
                for member in members:
                    ending.said_goodbye_to(member)
        if not held:
            return


def test_clean_end(server):
    """11.2 On Ctrl-C the process ends within two seconds, with exit code 0 and without a traceback

    Every thread that waits for its client must be woken, shutdown() does that, and find
    that it has come to its end. An error on the way is one to catch.
    """
    room(server)
    somebody_who_has_not_joined(server)
    server.comes_to_rest()
    server.gets_ctrl_c().was_clean()
    server.sharing.handler_waits_for_nobody()


@after(test_clean_end)
def test_clean_end_of_an_empty_room(server):
    """11.2 The process ends in time and cleanly, also when nobody has joined, or nobody is connected

    There may be nobody to tell, and a thread to end all the same.
    """
    server.kind(server, "the silent one")  # not server.client(), before whom walter joins
    server.waits_until(lambda: server.has_accepted(1), WAIT)
    with server.anew() as alone:
        for each in (server, alone):
            each.comes_to_rest()
            each.gets_ctrl_c().was_clean()


@after(test_clean_end)
def test_clean_end_past_one_who_has_broken_off(server):
    """11.2 The process ends in time and cleanly, also when a member has broken off just before

    What is done to a connection that is no more, shutdown() too, raises an OSError: one try
    around each.
    """
    alice, *_ = room(server)
    ends_when_one_has_broken_off(server, alice).was_clean()


@after(test_clean_end)
def test_clean_end_when_somebody_has_been_accepted(server):
    """11.2 The process ends in time and cleanly, also just after accept() has returned

    Ctrl-C may come between any two lines of the main thread: put the whole loop into the
    `try`, not accept() alone.
    """
    room(server)
    server.comes_to_rest()
    with server.holds("accept", point=2) as hold:
        dave = server.client("dave")
        held = hold.caught(lambda: server.has_accepted(server.connected) and server.stands_still())
        if held:
            dave.did(f"has been accepted just now, and the thread that accepts is at {place(held.where)}")
        ending = server.gets_ctrl_c(then=hold.release)
    with server.pointing_to(held.where, "the server was here when Ctrl-C came"):
        ending.was_clean()
        ending.left_nobody()


def test_no_daemon_threads(server):
    """11.2 The server's threads come to their own end; none is a daemon thread

    Python stops a daemon thread at the program's end wherever it is, and its `finally`
    is not run. Start threads without daemon=True, and see that each one ends.
    """
    room(server)
    somebody_who_has_not_joined(server)
    server.comes_to_rest()
    no_daemons(server)
    server.gets_ctrl_c().left_nobody()


def test_stalled_members(server):
    """11.2 The process ends in time and cleanly, also with members that read nothing, and somebody who comes just then

    A send to such a member never ends by itself; give all of them one second together,
    and then shutdown() wakes whoever stands in a send. First of all close the listener.
    """
    alice = server.client("alice").joins()
    stalled = [joins_slowly(server, f"s{number}-") for number in range(1, STALLED + 1)]
    forget_announcements(server, alice)
    talks_until_stuck(alice, *stalled)
    ending = server.gets_ctrl_c(meanwhile=lambda: knocks(server))
    ending.was_clean()
    ending.left_nobody()


@after(test_stalled_members)
def test_member_who_reads_a_little(server):
    """11.2 The process ends in time and cleanly, also with a member that reads a little now and then

    The second is for all that is still to be sent, and does not begin anew with each piece:
    look at the clock when the end begins.
    """
    alice, bob = server.client("alice").joins(), joins_slowly(server, "bob")
    forget_announcements(server, alice, bob)
    talks_until_stuck(alice, bob)
    for number in range(5):
        alice.says(f"one more: {number} {TALK}")
    server.is_through_with(alice)
    bob.did("reads a little now and then")
    ending = server.gets_ctrl_c(sips=[bob])
    ending.was_clean()
    ending.left_nobody()


def test_client_who_has_just_come(server):
    """11.2 The process ends in time and cleanly, also when a client's thread begins only then

    Whoever wakes the readers cannot wake one that has not begun: that one must look, after
    it has been put among them and before it waits for a message, whether the server stops.
    """
    room(server)
    server.comes_to_rest()
    with server.holds("start") as hold:
        dave = server.client("dave")
        server.waits_until(lambda: server.has_accepted(server.connected) and server.stands_still(), HOLD_SECONDS)  # it may have started several
        hold.catches_no_more()  # a thread that the server starts for its end is not late
        dave.did("has come, and its thread has not begun")
        ending = server.gets_ctrl_c(then=hold.release)
    ending.was_clean()
    ending.left_nobody()


@after(test_client_who_has_just_come)
def test_client_whose_thread_has_begun(server):
    """11.2 The process ends in time and cleanly, also when a client's new thread is late, at whatever line

    It asks whether the server stops, and puts its client among those who are woken then,
    inside one `with lock`; so does the end with its part. Or the one comes in the middle of
    the other.
    """
    for first in range(2, MOST_POINTS, NEWCOMERS):
        with server.anew() as another:
            room(another)
            another.comes_to_rest()
            late = newcomers_are_late(another, range(first, first + NEWCOMERS))
            ending = another.gets_ctrl_c(then=late[0][1].release)  # which lets go of all of them
            places = [hold.held.where for newcomer, hold in late if hold.held and not newcomer.end]
            with another.pointing_to(places[0] if places else (), "a client's thread was late here when the server came to its end"):
                ending.was_clean()
                ending.left_nobody()
        if not late[-1][1].held:
            return


def newcomers_are_late(server, points):
    """Clients come, one after another, the thread of each late at one of these points; return them and the holds, the last of which may have caught nothing."""
    late = []
    for point in points:
        hold = server.holds("start", point=point)
        newcomer = server.client(f"dave-{point}")
        late.append((newcomer, hold))
        server.waits_until(lambda: server.has_accepted(server.connected) and server.stands_still(), HOLD_SECONDS)
        hold.catches_no_more()
        if not hold.held:
            break
        if any(map(server.holds_a_lock, hold.held)):  # others would wait for it
            hold.release_last()
            server.waits_until(server.stands_still, HOLD_SECONDS)
        else:
            newcomer.did(f"is served by a thread that is late just now, at {place(hold.held.where)}")
    return late


@after(test_client_who_has_just_come)
def test_client_whose_thread_begins_in_between(server):
    """11.2 The process ends in time and cleanly, also when a client's thread begins after the readers have been woken

    Once the lock is free again, nobody may put in a client whom nobody wakes: say that the
    server stops inside the same `with lock` in which you wake the readers.
    """
    for number in points():
        with server.anew() as another:
            *_, carol = room(another)
            another.comes_to_rest()
            with another.holds("start") as start, another.holds("section", carol, number) as hold:
                another.client("dave")
                another.waits_until(lambda: another.has_accepted(another.connected) and another.stands_still(), HOLD_SECONDS)
                start.catches_no_more()

                def goes_on():
                    start.release()
                    if hold.held:
                        another.waits_until(lambda: another.rests(but=hold.held), 1)
                    hold.release()

                ending = another.gets_ctrl_c(then=goes_on)
                held = hold.held
            with another.pointing_to(held.where, "was late here, behind a critical section, and a client's thread began"):
                ending.was_clean()
                ending.left_nobody()
        if not held:
            return


def test_port_is_free(server):
    """11.2 After Ctrl-C the port is free at once, also with clients connected

    socket.create_server() takes a port that the system still keeps for old connections
    (TIME_WAIT); by hand it is SO_REUSEADDR before bind().
    """
    room(server)
    server.comes_to_rest()
    server.gets_ctrl_c().was_in_time()
    server.restart()
    server.client("dave").joins()


def test_mixed_load(server):
    """11.3 The whole contract holds when joins, chats, leaves, resets, bad input and stalled members come in any order

    Each client has its own nick, buffer and outbox, made when it comes and gone when it
    goes, whichever way it goes: one `finally` for all of them. What is kept anywhere else,
    by nick or in a list beside the members, must be put right at each of these ways.
    """
    stories.hold(server, stories.by_turns, stories.by_one, stories.after_a_refusal)


@after(test_mixed_load)
def test_mixed_load_with_a_stalled_member(server):
    """11.3 The whole contract holds with a member that does not read, and leaves, breaks off or is cut off

    What waits for a member belongs to its connection, not to its nick: the next one of
    that nick may be in while the last one's outbox is still being emptied.
    """
    stories.hold(server, stories.with_one_that_does_not_read)


@after(test_mixed_load)
def test_mixed_load_while_one_leaves_late(server):
    """11.3 The whole contract holds while the thread of a member that leaves is late, at whatever point

    Between two lines of a thread the others may do anything. Take the leaver out, and copy
    who is to hear of it, in one critical section, and keep the nick in a local variable.
    """
    stories.hold(server, stories.while_one_leaves_late)


def test_any_bytes(server):
    """11.3 Whatever bytes a client sends, the others go on, and it gets an answer or the end of its connection

    What is no message, a line that is not UTF-8 or no JSON object, raises a ValueError, and
    what is one may have fields of any kind. Whatever it is: clean up in `finally`.
    """
    for data in noise.NOISE:
        noise.is_survived(server, [data[:7], data[7:]], served=b"join" not in data)
    for data in noise.LEFT_OPEN:
        noise.others_survive(server, data)


def room(server):
    """Three members, and walter; each has taken all that it was told."""
    members = [server.client(name).joins() for name in ("alice", "bob", "carol")]
    forget_announcements(server, *members)
    return members


def forget_announcements(server, *members):
    for member in members:
        server.is_through_with(member)
    server.comes_to_rest()
    for member in (*members, server.witness):
        member.forgets_system_messages()


def somebody_who_has_not_joined(server):
    """One who has said nothing yet, one in the middle of a message, and two who were refused."""
    silent, half, refused, dancer = (server.client(name) for name in ("the silent one", "eve", "a second walter", "a dancer"))
    half.sends_bytes(b'{"type": "join", "us')
    server.takes_all(half)
    refused.is_refused({"type": "join", "user": "walter"}, "a join with a taken nick")
    dancer.is_refused({"type": "dance"}, "an unknown type")
    return silent, half, refused, dancer


def knocks(server):
    """Somebody comes, if the server still listens."""
    with contextlib.suppress(OSError, Failure):
        socket.create_connection(("127.0.0.1", server.port), WAIT).close()  # who finds nobody is told so at once
        server.client("a newcomer")
