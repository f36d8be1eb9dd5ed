"""Stories for the mixed load: those that the check goes through, and from one that fails the shortest that still does."""

import itertools
import time

from .load import Load
from .model import DOES, GOING, NAMES, Moment, Step
from .verdict import Failure

POINTS = range(6, 32)  # at which a thread is late; before them it only takes the message apart
SECONDS = 15  # that the search for a shorter story may take
SMALL = [does for does in DOES if does != "floods"]


def every_pair(things):
    """These in such an order, as a list, that going round each comes after each exactly once (a de Bruijn sequence)."""
    return [each for number, one in enumerate(things) for each in [one, *(each for other in things[number + 1:] for each in (one, other))]]


def alone(who, does, more=0):
    return Moment((Step(who, does, more),))


def by_turns():
    """They do everything after everything else that another one has done; which of the ways to go they take changes."""
    ways = itertools.cycle(GOING)
    things = [next(ways) if does in GOING else does for does in every_pair([does for does in SMALL if does not in GOING[1:]])]
    return [alone(NAMES[number % len(NAMES)], does, number // 3) for number, does in enumerate(things)]


def by_one():
    """One does everything after everything else, while another one listens."""
    return [alone("bob", "joins"), *(alone("alice", does, number // 3) for number, does in enumerate(every_pair(SMALL)))]


def with_one_that_does_not_read():
    """One stalls, gets much or more than anybody will keep for it, and does something, or another one does; somebody may get its nick."""
    much = [(then, 0) for then in (*GOING, "chats", "reads", "is refused", "joins")]
    too_much = [(then, 1) for then in ("leaves", "reads", "joins")]
    return [moment for then, more in much + too_much
            for moment in (alone("dave", "stalls"), alone("bob", "floods", more), Moment((Step("dave", then, 1), Step("carol", "joins", 1))),
                           alone("alice", "chats", 1), alone("dave", "reads"), alone("bob", "chats"), alone("carol", GOING[more], 1),
                           alone("alice", "leaves"))]


def after_a_refusal():
    """One asks for a nick that is taken and goes, in each way; the nick is taken still."""
    return [alone(*each) for goes in GOING for each in (("alice", "is refused", 4), ("bob", "joins", 3), ("bob", goes), ("carol", "joins", 2), ("carol", goes, 4),
                                                        ("alice", "chats"))]


def while_one_leaves_late():
    """While the thread of one who leaves is late, at one point after another, others talk, go, and ask for that nick."""
    return [Moment((Step("alice", "leaves", 1), Step("bob", "chats", point), Step("carol", GOING[point % len(GOING)], 1), Step("dave", "joins", 1)), point)
            for point in POINTS]


FIXED = by_turns, by_one, after_a_refusal, with_one_that_does_not_read, while_one_leaves_late


def failure_of(server, story, hasty=False):
    """Go through this story with a server that is started; return (the Failure, how many moments it took), or None."""
    load = Load(server, hasty)
    try:
        load.goes_through(story)
    except Failure as failure:
        failure.detail.insert(0, ("The story, moment by moment", list(map(str, story))))
        return failure, load.moments
    return None


def shortest(make, story, moments, seconds=SECONDS):
    """Look for the shortest story that fails, of one that failed after so many moments.

    make(): a new server, not started. Return (the story, its Failure, its transcript), or None if it
    does not fail with a new server. The search ends after so many seconds.
    """
    deadline, best = time.monotonic() + seconds, None

    def still_fails(candidate):
        nonlocal best
        if time.monotonic() > deadline or not candidate:
            return False
        server = make()
        try:
            found = failure_of(server.start(), candidate, hasty=True)
        finally:
            server.stop()
        if found:
            best = candidate[:found[1]], found[0], server.story
        return bool(found)

    story, last = story[:moments], 1
    while not still_fails(story[-last:]):
        if last >= len(story) or time.monotonic() > deadline:
            return best
        last = min(2 * last, len(story))
    at = 0
    while at < len(best[0]):
        whole = best[0]
        without = [whole[:at] + whole[at + 1:]]
        without += [whole[:at] + [Moment(whole[at].steps[:number] + whole[at].steps[number + 1:], whole[at].late)] + whole[at + 1:]
                    for number in range(len(whole[at].steps)) if len(whole[at].steps) > 1]
        if not any(map(still_fails, without)):
            at += 1
    return best


def hold(server, *make):
    """Expect that the contract holds in the stories of these functions, on one server. Raises the Failure of the shortest story found that fails."""
    for make_story in make:
        story = make_story()
        found = failure_of(server, story)
        if found:
            failure, moments = found
            best = shortest(lambda: type(server)(server.files, server.lesson), story, moments)
            if best:
                _, failure, server.story = best
            raise failure
