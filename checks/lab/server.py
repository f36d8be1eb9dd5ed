"""A student's server as the checks see it: start it, talk to it, ask it, and say what is wrong."""

import contextlib
import socket
import sys

import psutil

from .clients import WAIT, Client, Messenger
from .evidence import Evidence, is_a, reads_on, unique
from .faults import LOST, Hold, command
from .listening import PORT, listener_of, not_runnable, not_started
from .members import Member, RoomMember
from .program import Program
from .sharing import Sharing
from .story import Story
from .verdict import Failure, Unknown

WATCHED = 7  # the first lesson whose servers have their locks and containers watched
WAITS = ("lock", "get", "put", "wait", "join")  # the calls that another thread of the program ends
MOST_DEADLINES = 2  # of one lesson; after that the rest waits, so that a hanging server costs no minute


class Server:
    """The server of one lesson, and what happens to it in one check.

    files: {relative path: bytes}; lesson: its folder's name; problem: why it cannot be run, or None.
    """

    def __init__(self, files, lesson, problem=None):
        self.files, self.lesson, self.problem = files, lesson, problem
        self.number = int(lesson[:2])
        self.story = Story()
        self.clients = []
        self.connected = 0
        self.program = self.evidence = self.sharing = self.listener = None
        self.retired = []
        self.deadlines = 0
        self._witness = None

    # -------------------------------------------------- starting and stopping

    def start(self, ports=None):
        """Start it and wait until it listens. Raises NotStarted."""
        if self.problem:
            raise not_runnable(self.problem, self.lesson, "server.py")
        self.program = Program(self.files, "server.py", ports, watch=self.number >= WATCHED)
        self.evidence = Evidence(self.program, self.files, "server.py", self.name_of)
        self.sharing = Sharing(self.evidence)
        self.connected, self._witness = 0, None
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

    def connect(self, name):
        """Return a new connection to the server; fails when it is refused."""
        should = f"{name} can connect"
        if self.program.ended:
            raise self.failure(self.evidence.how_it_ended(), should)
        try:
            sock = socket.create_connection(("127.0.0.1", self.port), timeout=WAIT)
        except TimeoutError:
            self.deadline_passed()
            raise self.failure(f"{name} could not connect within {WAIT:g} seconds: the server does not accept", should) from None
        except OSError as error:
            if self.evidence.has_ended():
                raise self.failure(self.evidence.how_it_ended(), should) from None
            raise self.failure(f"{name} could not connect: {error.strerror}; the server no longer listens", should) from None
        self.connected += 1
        return sock

    def client(self, name):
        """Connect a client that speaks this lesson's language."""
        if self.number >= 5 and name != "walter":
            self.witness  # he is there before the others
        kind = Client if self.number <= 2 else {3: Messenger, 4: Member}.get(self.number, RoomMember)
        return kind(self, name)

    @property
    def witness(self):
        """Walter, a member of the room who hears what the others say (lesson 05 and later)."""
        if self._witness is None:
            self._witness = self.client("walter").joins()
            self.is_through_with(self._witness)  # or the others, who come next, may be told of him late
        return self._witness

    def name_of(self, peer):
        return next((client.name for client in reversed(self.clients) if client.port == peer), "a client")

    # -------------------------------------------------- asking the witness inside

    def ask(self, *command):
        return self.program.ask(*command)

    def is_idle(self, client):
        """Is it certain that nothing will come to this client until some client acts? True only with proof: see is_quiet."""
        state = self.ask("state")
        mine = next((one for one in (state or {"connections": ()})["connections"] if one["peer"] == client.port), None)
        return not (mine and mine["sent"] != client.received) and self.is_quiet(state)

    def is_quiet(self, state=None):
        """Is it certain that the program does nothing more until some client acts?

        True only with proof: every thread of the program, as the system counts them,
        is blocked without a time-out in a call that is watched; each has taken all that
        its client sent; and nobody waits to be accepted by a thread that accepts.
        """
        state = state or self.ask("state")
        if not state or state["moving"] or not state["threads"] or not self._rest(state) or any(thread["timed"] for thread in state["threads"]):
            return False
        return self.program.threads == len(state["threads"]) and not self._children()

    def rests(self, but=()):
        """Do all its threads, but those that are held, wait for a client, or for each other?"""
        state = self.ask("state")
        return bool(state) and not state["moving"] and self._rest(state, {held["thread"] for held in but})

    def _rest(self, state, but=()):
        """Do all threads of this state wait in calls that only a client's acting can end, or another of them?"""
        clients = {one.port: one for one in self.clients}
        connections = {one["peer"]: one for one in state["connections"]}
        for thread in state["threads"]:
            if thread["id"] in but:
                continue
            if thread["call"] in ("accept", "select"):
                waits_for = [one for one in connections.values() if one["open"]] if thread["call"] == "select" else []
                if state["accepted"] != self.connected or any(not is_consumed(one, clients) for one in waits_for):
                    return False
            elif thread["call"] == "recv":
                if not is_consumed(connections.get(thread["peer"]), clients) or clients[thread["peer"]].finished:
                    return False  # a recv at the end of the stream returns at once
            elif thread["call"] not in WAITS:
                return False
        return True

    def _children(self):
        try:
            return self.program.tree.children()
        except psutil.Error:
            return []

    def idle_because(self, client):
        """Say in words why nothing will come, as far as this client's connection shows it."""
        state = self.ask("state") or {"connections": [], "threads": []}
        mine = [one for one in state["connections"] if one["peer"] == client.port]
        if not mine:
            return f"the server has not accepted {client}, and waits for another client"
        if mine[-1]["reader"] is None:
            return f"no thread of the server reads what {client} sends"
        thread = next((thread for thread in state["threads"] if thread["id"] == mine[-1]["reader"]), {})
        if thread.get("waits_for"):
            return f"the thread of {client} {self.evidence.doing(thread)}"
        if not is_consumed(mine[-1], {client.port: client}):
            return f"the server reads nothing more from {client}"
        if client.finished:
            return f"the server has seen the end of {client}'s stream and goes on waiting"
        return f"the server has read all that {client} sent, and waits for more"

    def receives_at_most(self, size):
        """From now on let each recv of the server return at most `size` bytes, as a slow network may."""
        command(self.program, "limit", "recv", size)

    def sends_at_most(self, size):
        """From now on let each send() of the server take at most `size` bytes, as full buffers may; see send(2)."""
        command(self.program, "limit", "send", size)

    def time_passes(self, waits=3):
        """Let the server's next waits with a time-out be over at once, as if so much time had gone by in silence."""
        command(self.program, "limit", "wait", waits)

    def cannot_send_to(self, client, error):
        """From now on let every send to this client fail with this error of `errno`, while nothing is heard of it; see send(2)."""
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
            raise self.failure(self.evidence.how_it_ended(), should)
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
        except OSError:
            real = asked_host
        if real != host:
            raise Failure(f"server.py listens on {asked_host or 'all addresses'!r}: not only this machine can reach it"
                          if real in ("0.0.0.0", "::") else f"server.py listens on {asked_host!r}, not on {host!r}", should, where)

    def has_accepted(self, number):
        """Has it accepted so many connections?"""
        return ((self.ask("state") or {}).get("accepted", 0)) >= number

    def is_sending_to(self, client):
        """Does one of its threads stand in a send to this client?"""
        state = self.ask("state") or {"threads": ()}
        return any(thread["call"] == "send" and thread["peer"] == client.port for thread in state["threads"])

    def is_reader_of(self, client, held):
        """Is the held thread the one that reads from this client?"""
        state = self.ask("state") or {"connections": ()}
        return any(one["peer"] == client.port and one["reader"] == held["thread"] for one in state["connections"])

    def holds_a_lock(self, held):
        """Does the held thread hold a lock?"""
        state = self.ask("state") or {"threads": ()}
        return any(thread["id"] == held["thread"] and thread.get("holds") for thread in state["threads"])

    def reads_on(self):
        """Does one of its threads read again and again after the end of a stream?"""
        return any(one["open"] and reads_on(one) for one in (self.ask("state") or {"connections": ()})["connections"])

    def failed_send_to(self, client):
        """Where the first send to this client stands that failed: places, or ()."""
        return next((one["failed_at"] for one in (self.ask("state") or {"connections": ()})["connections"] if one["peer"] == client.port), ())

    @contextlib.contextmanager
    def pointing_to(self, places, what):
        """Let a failure in here point to these places first."""
        try:
            yield
        except Failure as failure:
            failure.where = unique(self.evidence.own_file_first(self.evidence.spots(places, what)) + failure.where)
            raise

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

    def does_not_recurse(self, times):
        """Expect that no function was in itself nearly so many times when sends failed."""
        depth, places = (self.ask("state") or {"deepest": (0, ())})["deepest"]
        if depth >= times * 3 // 4:
            failure = self.failure(f"with {times} dead members {places[0][2]}() was called inside itself {depth} times: one deeper for each; "
                                   f"Python gives up at {sys.getrecursionlimit():,} calls (RecursionError)",
                                   "however many die at once, all are cleaned up")
            failure.where = unique(self.evidence.spots(places, "is reached inside itself, once for each dead member") + failure.where)
            raise failure

    def peak_memory(self):
        """The most memory that it has used until now, in bytes."""
        return self.program.peak_memory

    def has_grown_less_than(self, most, before, because, client):
        """Expect that its memory has not grown by more than `most` bytes while it served this client."""
        grown = self.program.peak_memory - before
        if grown > most:
            raise self.failure(f"{because} cost the server {grown >> 20} MiB of memory",
                               f"the server's memory stays bounded, whatever a client sends (here: by {most >> 20} MiB)", client)

    def ends_on_ctrl_c(self, within):
        """Press Ctrl-C and expect the program's end within so many seconds."""
        self.story.add("the teacher", "--", "presses Ctrl-C")
        self.program.press_ctrl_c()
        if self.program.ends_within(within):
            return
        failure = self.failure(f"the server still runs {within} seconds after Ctrl-C", f"Ctrl-C stops the server within {within} seconds")
        failure.where = unique(self.evidence.what_keeps_it_running() + failure.where)
        raise failure

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
        """Wait until condition() is true, at most so many seconds; return whether it is."""
        return self.program.watch_until(condition, seconds)

    def counts(self):
        """How many threads and sockets it has now; the room's witness is counted from the start."""
        if self.number >= 5:
            self.witness
        self.comes_to_rest()
        return self.busy_threads(), self.program.sockets

    def is_back_to(self, before, what):
        """Expect as many threads and sockets as before, at once or soon."""
        if self.settles(*before):
            return
        if not self.is_quiet():
            self.deadline_passed()
        now = self.busy_threads(), self.program.sockets
        counts = [f"{count} {name} instead of {then}" for name, count, then in zip(("threads", "open sockets"), now, before) if count > then]
        if not counts:  # it has just come back
            return
        failure = self.failure(f"after {what} the server has {' and '.join(counts)}", "as many threads and open sockets as before")
        failure.where = self.evidence.leftovers({client.port for client in self.clients if not client.finished})
        raise failure

    def comes_to_rest(self, seconds=0.5):
        """Wait a moment until its threads wait for something, as far as that can be seen."""
        self.waits_until(lambda: self.program.lost or self.program.is_at_rest(), seconds)

    def is_through_with(self, client):
        """Wait a moment until the server has done what this client asked for, and waits for more."""
        def through():
            state = self.ask("state")
            connection = next((one for one in (state or {"connections": ()})["connections"] if one["peer"] == client.port), None)
            return connection and is_consumed(connection, {client.port: client}) and (not connection["open"] or any(
                thread["call"] == "recv" and thread["peer"] == client.port for thread in state["threads"]) or self._rest(state))

        self.waits_until(through, 1)

    def takes_all(self, client):
        """Wait a moment until the server has received all that this client sent."""
        self.waits_until(lambda: any(one["peer"] == client.port and one["received"] == client.sent
                                     for one in (self.ask("state") or {"connections": ()})["connections"]), 1)

    def notices(self, client):
        """Wait a moment until the end of this client has come to the server, and what it does about it is done."""
        def noticed():
            state = self.ask("state") or {"connections": ()}
            return not any(one["peer"] == client.port and one["open"] and not one["ends"] for one in state["connections"])

        self.waits_until(lambda: noticed() or self.is_quiet(), 1)
        self.comes_to_rest()

    def settles(self, threads, sockets, seconds=WAIT):
        """Wait until it has no more than so many threads and sockets, or does nothing more; return whether it has.

        Threads of a ThreadPoolExecutor that wait for work are not counted: they belong to no client.
        """
        def settled():
            return self.busy_threads(threads) <= threads and self.program.sockets <= sockets

        self.waits_until(lambda: settled() or self.is_quiet(), seconds)
        return settled()

    def busy_threads(self, enough=0):
        """How many threads the program has, less the pool's that wait for work."""
        count = self.program.threads
        if count > enough:
            state = self.ask("state")
            if state:
                count -= sum(thread["idle_worker"] for thread in state["threads"])
        return count

    # -------------------------------------------------- evidence

    def failure(self, message, should="", client=None, **more):
        """Return a Failure with all the evidence there is; see Evidence.failure."""
        return self.evidence.failure(message, should, client, **more)


def is_consumed(connection, clients):
    """Has the program taken all that this connection's client sent, and would it not be told the end of the stream?"""
    client = connection and clients.get(connection["peer"])
    return bool(client) and connection["received"] == client.sent and (not client.finished or connection["ends"] > 0)
