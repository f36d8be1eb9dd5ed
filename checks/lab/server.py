"""A student's server as the checks see it: start it, talk to it, ask it, and say what is wrong."""

import contextlib
import errno
import socket
import sys

from .clients import WAIT, Client
from .ending import Ending
from .evidence import Evidence, is_a, unique
from .faults import LOST, Hold, Limited, command
from .listening import PORT, listener_of, not_runnable, not_started
from .members import Member, RoomMember
from .messages import Messenger
from .pointing import Pointing
from .program import Program
from .seen import Seen, connection_of, is_consumed
from .sharing import Sharing
from .story import Story
from .verdict import Failure, LabError, Unknown

NARROW = 4096  # bytes of a narrow connection's buffers, as it asks the system for; see SO_SNDBUF in socket(7)
WATCHED = 7  # the first lesson whose servers have their locks and containers watched
RESTLESS = 3  # times that we wait in vain for a server to do all that there is to do
MOST_DEADLINES = 2  # of one lesson; after that the rest waits, so that a hanging server costs no minute


class Server(Seen, Pointing, Limited):
    """The server of one lesson, and what happens to it in one check.

    files: {relative path: bytes}; lesson: its folder's name; problem: why it cannot be run, or None;
    watch: are its locks and containers to be watched, if it is of a lesson on shared state?
    """

    def __init__(self, files, lesson, problem=None, watch=True):
        self.files, self.lesson, self.problem = files, lesson, problem
        self.number = int(lesson[:2])
        self.watch = watch and self.number >= WATCHED
        self.story = Story()
        self.kind = Client if self.number <= 2 else {3: Messenger, 4: Member}.get(self.number, RoomMember)  # of its clients
        self.clients = []
        self.connected = 0
        self.program = self.evidence = self.sharing = self.listener = None
        self.retired = []
        self.deadlines = 0
        self.patience = WAIT  # seconds in which something must come to a client
        self._witness = self.ending = self.last_sent = None
        self.restless = 0  # how often we have waited for that in vain
        self.is_decided = False  # has a verdict been found, so that what happens now is for its evidence only?

    # -------------------------------------------------- starting and stopping

    def start(self, ports=None):
        """Start it and wait until it listens. Raises NotStarted."""
        if self.problem:
            raise not_runnable(self.problem, self.lesson, "server.py")
        self.program = Program(self.files, "server.py", ports, watch=self.watch)
        self.evidence = Evidence(self.program, self.files, "server.py", self.name_of)
        self.sharing = Sharing(self.evidence, self.anew)
        self.connected, self._witness, self.ending = 0, None, None
        self.listener = listener_of(self.program)
        if not self.listener:
            if not self.program.ended:
                self.deadline_passed()
            raise not_started(self.evidence)
        self.port = self.listener["port"]
        return self

    def restart(self):
        """Start it again at once; it is to get the same port again."""
        asked = {(listener["asked"] or (0, 0))[1]: listener["port"] for listener in self.program.listeners}
        old = self.port
        self.story.add("the teacher", "--", "starts the server again")
        self.retired.append(self.program)  # what it left running is still there, as it would be in a terminal
        self.start(asked)
        if self.port != old:
            raise self.failure(f"started again, server.py listens on another port ({(self.listener['asked'] or ('', 'any'))[1]})",
                               f"it gets the same port again, {PORT}")

    @contextlib.contextmanager
    def anew(self):
        """A fresh run of the same server, beside this one; when it fails, its story is the one that is told."""
        server = Server(self.files, self.lesson)
        try:
            yield server.start()
        except Failure:
            self.story = server.story
            raise
        finally:
            self.deadlines += server.deadlines
            server.stop()

    def stop(self):
        """End everything; raises LabError when something is left."""
        for client in self.clients:
            client.sock.close()
        with contextlib.ExitStack() as stack:
            for program in filter(None, [self.program, *self.retired]):
                stack.callback(program.stop)
        self.program, self.retired = None, []

    def deadline_passed(self):
        self.deadlines += 1

    # -------------------------------------------------- clients

    def connect(self, name, narrow=False):
        """Return a new connection to the server, with a small buffer if it is to be narrow; fails when it is refused."""
        should = f"{name} can connect"
        if self.program.ended:
            raise self.failure(self.evidence.how_it_ended(), should)
        try:
            with contextlib.ExitStack() as unless_connected:
                sock = unless_connected.enter_context(socket.socket())
                if narrow:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW)
                sock.settimeout(WAIT)
                sock.connect(("127.0.0.1", self.port))
                unless_connected.pop_all()
        except TimeoutError:
            self.deadline_passed()
            raise self.failure(f"{name} could not connect within {WAIT:g} seconds: the server does not accept", should) from None
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                raise LabError(f"the system lets the kit open no more files: {error.strerror}") from None
            if self.evidence.has_ended():
                raise self.failure(self.evidence.how_it_ended(), should) from None
            raise self.failure(f"{name} could not connect: {error.strerror}; the server no longer listens", should) from None
        self.connected += 1
        return sock

    def client(self, name, **options):
        """Connect a client that speaks this lesson's language; options as for Client."""
        if self.number >= 5 and name != "walter":
            self.witness  # he is there before the others
        return self.kind(self, name, **options)

    def slow_client(self, name):
        """Connect a client at the end of a narrow line: the buffers on both sides are small, so that they are full soon when it does not read."""
        command(self.program, "limit", "buffer", NARROW)
        client = self.client(name, narrow=True)
        self.waits_until(lambda: self.has_accepted(self.connected), WAIT)
        command(self.program, "limit", "buffer", 0)
        return client

    @property
    def witness(self):
        """Walter, a member of the room who hears what the others say (lesson 05 and later)."""
        if self._witness is None:
            self._witness = self.client("walter").joins()
            self.is_through_with(self._witness)  # or the others, who come next, may be told of him late
        return self._witness

    def name_of(self, peer):
        return next((client.name for client in reversed(self.clients) if client.port == peer), "a client")

    # -------------------------------------------------- what any system may do to it, see faults

    def sleepers_wake(self):
        """The time passes for which its threads sleep just now, or wait for an event."""
        command(self.program, "wake")

    def cannot_send_to(self, client, error):
        """From now on let every send to this client fail with this error of `errno`, while nothing is heard of it; see send(2)."""
        client.may_end = True
        client.did(f"can be sent nothing any more: every send to it fails ({error})")
        command(self.program, "fail", client.port, error)

    def holds(self, what, client=None, point=1, count=1):
        """Hold a thread, or `count` of them, on command: see Hold."""
        return Hold(self.program, what, client, point, count)

    # -------------------------------------------------- what the contract says of the program itself

    def listens_on(self, host, port):
        """Expect that the program asked for this address, whatever port it got here, and goes on."""
        listener = self.listener
        should = f"python server.py listens on {host}:{port} and serves until it is stopped"
        if self.evidence.has_ended():
            how = self.evidence.how_it_ended()
            raise self.failure(how, should, hint=None if self.program.crash else "The loop that accepts must go on for ever.")
        if self.program.lost:
            raise Unknown(LOST)
        where = self.evidence.spots(listener["where"], "listens here")
        if not listener["asked"]:
            raise Failure("server.py calls listen() without bind(): the system picks any port", should, where)
        asked_host, asked_port = listener["asked"]
        if asked_port != port:
            raise Failure(f"server.py listens on port {asked_port}; the course's clients come to {port}", should, where)
        try:
            real = socket.gethostbyname(asked_host) if asked_host else "0.0.0.0"
        except (OSError, UnicodeError):
            real = asked_host
        if real != host:
            raise Failure(f"server.py listens on {repr(asked_host) if asked_host else 'all addresses'}: not only this machine can reach it"
                          if real in ("0.0.0.0", "::") else f"server.py listens on {asked_host!r}, not on {host!r}", should, where)

    def had_no_errors(self, when):
        """Expect that no exception has ended one of its threads."""
        self.comes_to_rest()  # a thread closes its connection first, and tells of its error then
        if self.program.errors:
            error = self.program.errors[0]["error"]
            raise self.failure(f"a thread of server.py died at {when}: {error}", "the client has gone, and nothing else happens", closed=True)

    def had_no_mistakes(self, when):
        """Expect that no exception has ended one of its threads but an OSError, which a connection's end may be."""
        for error in self.program.errors:
            if not is_a(error["error"], OSError):
                raise self.failure(f"a thread of server.py died at {when}: {error['error']}", "no thread dies of a mistake", closed=True)

    def does_not_recurse(self, times, what, should):
        """Expect that no function was in itself nearly so many times, once for each of `what`, when sends failed."""
        state = self.inside()
        depth, places = state["deepest"]
        if depth >= times * 3 // 4:
            each = "one deeper for each" if depth < times * 3 // 2 else "deeper with each"  # it may be a wrapper of several that call each other
            failure = self.failure(f"with {times} {what}s {places[0][2]}() was called inside itself {depth} times: {each}; "
                                   f"Python gives up at {sys.getrecursionlimit():,} calls (RecursionError)",
                                   should)
            failed_at = next((one["failed_at"] for one in reversed(state["connections"]) if one["failed_at"]), ())
            failure.where = unique(self.evidence.spots(places, f"is reached inside itself, again with each {what}")
                                   + self.evidence.spots(failed_at, "a send fails here", "called from here") + failure.where)
            raise failure

    def peak_memory(self):
        """The most memory that it has used until now, in bytes."""
        return self.program.peak_memory

    def has_grown_less_than(self, most, before, because, client):
        """Expect that its memory has not grown by more than `most` bytes while it served this client.

        What grows by more than it has received is costly, but bounded: a list of single bytes is.
        """
        grown = self.program.peak_memory - before
        if grown > most and (connection_of(client, self.state()) or {"received": client.sent})["received"] > most:
            raise self.failure(f"{because} cost the server {grown >> 20} MiB of memory",
                               f"the server's memory stays bounded, whatever a client sends (here: by {most >> 20} MiB)", client)

    def ends_on_ctrl_c(self, within):
        """Press Ctrl-C and expect the program's end within so many seconds."""
        self.gets_ctrl_c(within).was_in_time()

    def gets_ctrl_c(self, within=2, **more):
        """Press Ctrl-C and wait for the program's end; return the Ending, which knows `more`."""
        return Ending(self, within, **more)

    def is_stopped_with_a_client(self, client):
        """Stop the program while the client is connected: so the server closes first, and its port stays in TIME_WAIT."""
        self.story.add("the teacher", "--", "stops the server")
        self.program.press_ctrl_c()
        if not self.program.ends_within(1):
            self.program.end()
        client.waits(lambda: client.end, "the connection ends", "the connection did not end")
        for one in self.clients:
            one.sock.close()

    def port_is_kept(self):
        """Does the system keep the port for the old connection? See TIME_WAIT in tcp(7)."""
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError:
                return True
        return False

    def waits_until(self, condition, seconds):
        """Wait until condition() is true, at most so many seconds; return what it is."""
        return self.program.watch_until(condition, seconds)

    def counts(self):
        """How many threads and sockets it has now; the room's witness is counted from the start."""
        if self.number >= 5:
            self.witness
        self.comes_to_rest()
        return self.busy_threads(), self.program.sockets

    def is_back_to(self, before, what):
        """Expect as many threads and sockets as before, at once or soon."""
        if self.settles(*before, seconds=self.patience):
            return
        if not self.is_quiet():
            self.deadline_passed()
        now = self.busy_threads(), self.program.sockets
        counts = [f"{count} {name} instead of {then}" for name, count, then in zip(("threads", "open sockets"), now, before) if count > then]
        if not counts:  # it has just come back
            return
        failure = self.failure(f"after {what} the server has {' and '.join(counts)}", "as many threads and open sockets as before")
        left = self.evidence.leftovers({client.port for client in self.clients if not (client.finished or client.end)})
        failure.where = unique([spot for error in self.program.errors for spot in self.evidence.spots(error["where"], error["error"], "called from here")] + left)
        raise failure

    def comes_to_rest(self, seconds=0.5):
        """Wait a moment until its threads wait for something, as far as that can be seen."""
        self.waits_until(lambda: self.program.lost or self.program.is_at_rest(), seconds)

    def is_through_with(self, client):
        """Wait a moment until the server has done what this client asked for, and waits for more."""
        def through():
            state = self.state()
            connection = connection_of(client, state)
            return connection and (not connection["open"] or is_consumed(connection, {client.port: client}) and (any(
                thread["call"] == "recv" and thread["peer"] == client.port for thread in state["threads"]) or not state["moving"] and self._rest(state)))

        self.waits_until(through, 1)

    def takes_all(self, client):
        """Wait a moment until the server has received all that this client sent."""
        self.waits_until(lambda: self.has_taken_all(client), 1)

    def looks_for_more(self, client):
        """Wait a moment until the server waits for this client to go on, or has looked and found nothing."""
        def found_nothing():
            mine = connection_of(client, self.state())
            return mine["found_nothing"] if mine and mine["open"] else None

        before = found_nothing()
        self.waits_until(lambda: self.program.is_at_rest() or found_nothing() != before, 1)

    def calms_down(self, until=lambda: False):
        """Wait a moment until it has done all that there was to do, as far as that can be seen; not for long again and again."""
        if self.restless < RESTLESS and not self.waits_until(lambda: self.stands_still() or until(), 1):
            self.restless += 1

    def notices(self, client):
        """Wait a moment until the end of this client has come to the server, and what it does about it is done."""
        def noticed():
            mine = connection_of(client, self.state())
            return not mine or not mine["open"] or mine["ends"] > 0

        self.calms_down(lambda: noticed() and self.program.is_at_rest())

    def settles(self, threads, sockets, seconds=WAIT):
        """Wait until it has no more than so many threads and sockets, or does nothing more; return whether it has.

        Threads of a ThreadPoolExecutor that wait for work are not counted: they belong to no client.
        """
        def settled():
            return self.busy_threads(threads) <= threads and self.program.sockets <= sockets

        self.waits_until(lambda: settled() or self.is_quiet(), seconds)
        return settled()

    # -------------------------------------------------- evidence

    def failure(self, message, should="", client=None, **more):
        """Return a Failure with all the evidence there is; see Evidence.failure."""
        return self.evidence.failure(message, should, client, **more)
