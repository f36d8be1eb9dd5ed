"""What any system may do to a server, done on command and at the moment when it matters.

Short reads, short sends, waits that are over at once, and threads that run late:
nothing here could not happen to a right program by itself.
"""

import time

from .verdict import Unknown

HOLD_SECONDS = 2.0
MOST_POINTS = 60  # at which a thread may be late, from a message's arrival to its answer
LONG_SILENCE = 6 * 3600  # seconds
MUCH_TIME = 10.0  # seconds for things that are tried one after another; then they are thinned out
LOST = "could not tell: the kit lost contact with the inside of the program (does it close files that it did not open?)"


def command(program, *words):
    """Have the witness inside do this. Raises Unknown when it is lost."""
    if program.ask(*words) is None and program.lost and not program.ended:
        raise Unknown(LOST)


def thinned(things):
    """All of these, one after another, as long as that goes quickly, and then ever fewer: a server may take its time each time, and be right."""
    began, step, due = time.monotonic(), 1, 0
    for number, thing in enumerate(things):
        if number == due:
            yield thing
            step *= 1 if time.monotonic() < began + MUCH_TIME else 2
            due += step


def points(most=MOST_POINTS):
    """Points at which a thread is late, one after another: 1, 2 and so on."""
    return thinned(range(1, most))


class Limited:
    """A program, `program`, to which the system gives and takes little at a time."""

    def receives_at_most(self, size):
        """From now on let each recv of the program return at most `size` bytes, as a slow network may."""
        command(self.program, "limit", "recv", size)

    def sends_at_most(self, size):
        """From now on let each send() of the program take at most `size` bytes, as full buffers may; see send(2)."""
        command(self.program, "limit", "send", size)

    def time_passes(self, waits=3):
        """Let the program's next waits with a time-out be over at once, as if so much time had gone by in silence."""
        command(self.program, "limit", "wait", waits)

    def hours_pass(self):
        """Put the clocks forward that the program's own code reads, and let those wake who sleep: so long nobody has said anything."""
        command(self.program, "put_forward", LONG_SILENCE)
        command(self.program, "wake")


class Caught(list):
    """Threads that are held, as the witness told of them."""

    @property
    def where(self):
        """The places of the first, or ()."""
        return self[0]["where"] if self else ()


class Hold:
    """Holds one of the program's threads where it may always be late, until `release` or the end of the with block.

    what: "start"    each new thread, before its first step
          "accept"   the next one that has accepted a connection
          "recv"     the next one that has received from the client
          "send"     the next one that sends to the client, before it does
          "piece"    the next one that sends to the client, when half of it has been sent
          "sent"     the next one that has sent to the client
          "full"     all that send to the client, as if its buffers were full: a send with a time-out
                     gives up in time, and one that does not block says that it would
          "fail"     the next one whose send to the client has failed
          "end"      the next one to which recv tells that the client has gone
          "shut"     the next one that has shut down the client's connection, which another thread reads
          "closed"   the next one that has closed the client's connection
          "section"  the next one of "recv" or "shut", when it has left its so-many-th critical section since
          "put"      the next one that serves the client and puts something into a queue with room for one more
          "lock"     the next one that waits, without a time-out, for a lock whose holder is held
    point: with start, accept, recv, sent, shut and fail how many points later, where a point is a line
    of the student's or an access to a container; with piece the so-many-th send(), with section see there.
    count: so many threads, one after another.
    """

    def __init__(self, program, what, client=None, point=1, count=1):
        self.program, self.what, self.peers = program, what, [client.port] if client else []
        self.seen = len(program.held)  # what was held before is not ours
        for _ in range(count):
            command(program, "hold", what, *(self.peers or [0]), point)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.release()

    def release(self):
        self.program.ask("release", self.what, *self.peers)

    def catches_no_more(self):
        """Hold those on that it has caught, and no others."""
        self.program.ask("no_more", self.what, *self.peers)

    def release_last(self):
        """Let go of the thread that was caught last."""
        self.program.ask("release_last", self.what, *self.peers)

    @property
    def held(self):
        """The threads that it has caught."""
        return Caught(held for held in self.program.held[self.seen:] if held["what"] == self.what and held["peer"] in (self.peers or [None]))

    def caught(self, otherwise=lambda: False, count=1, seconds=HOLD_SECONDS):
        """Wait until so many threads are held, or until otherwise() is true; return the held threads."""
        self.program.watch_until(lambda: len(self.held) >= count or otherwise(), seconds)
        return self.held


class Stop(Hold):
    """Holds the next thread that serves the client (None: that serves nobody) at this access to a container, with as many locks.

    access: {"op", "places", "locks"}. A walk is held before its so-many-th step, a look right after
    it, anything else right before.
    """

    def __init__(self, program, access, client, step=2):
        self.program, self.what, self.peers = program, "access", [client.port if client else 0]
        self.seen = len(program.held)
        file, line, _ = access["places"][0]
        command(program, "stop", self.peers[0], access["op"], step, len(access["locks"]), line, file)
