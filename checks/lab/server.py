"""A student's server as the checks see it: start it, talk to it, ask it, and gather evidence."""

import contextlib
import re
import socket
import time

import psutil

from .clients import WAIT, Client, Member, Messenger, RoomMember
from .program import Program
from .story import Story
from .verdict import Failure, NotStarted, Unknown

LISTEN = 10.0  # seconds until a server must listen
PORT = 9090
MOST_DEADLINES = 2  # of one lesson; after that the rest waits, so that a hanging server costs no minute
SECOND_LISTENER = 1.0  # seconds that a program may take from its first listener to its next
HOLD_SECONDS = 2.0

LOST = "the kit lost contact with the inside of the program (does it close files that it did not open?)"
CALLS = {"recv": "waits in recv() for {who} to send", "accept": "waits in accept() for the next client",
         "send": "stands in a send to {who}"}


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
        self.program, self.retired = None, []
        self.deadlines = 0
        self._witness = None

    # -------------------------------------------------- starting and stopping

    def start(self, ports=None):
        """Start it and wait until it listens. Raises NotStarted."""
        if self.problem:
            raise NotStarted(self.problem, f"{self.lesson}/server.py is a Python program",
                             where=[{"file": "server.py", "line": 1, "what": "this file"}] if "line" in self.problem else [])
        self.program = program = Program(self.files, "server.py", ports, watch=self.number >= 7)
        self.connected, self._witness = 0, None
        program.wait_for(lambda: program.listeners or program.stopped_for or program.lost, LISTEN)
        if program.lost and not program.ended:
            self.waits_until(lambda: program.ended or program.find_listeners(), LISTEN)
            program.listeners += [{"port": port, "asked": None, "where": ()} for port in program.find_listeners()]
        if not program.listeners:
            if not program.ended:
                self.deadline_passed()
            raise self._not_started()
        if not self._listener() and not program.lost:  # it may have more than one
            self.waits_until(lambda: self._listener() or self._accepts(), SECOND_LISTENER)
        self.listener = self._listener() or program.listeners[0]
        self.port = self.listener["port"]
        return self

    def _listener(self):
        """The listener that asked for the course's port, or None."""
        return next((one for one in self.program.listeners if one["asked"] and one["asked"][1] == PORT), None)

    def _accepts(self):
        state = self.ask("state") or {"threads": ()}
        return self.program.ended or any(thread["call"] == "accept" for thread in state["threads"])

    def _not_started(self):
        should = f"python server.py listens on 127.0.0.1:{PORT} and serves until it is stopped"
        program = self.program
        if program.ended:
            program.wait_for(lambda: program.lost, WAIT)  # its last words may still be on their way
        if program.stopped_for:
            return self.failure(self._stopped(), should, kind=NotStarted)
        crash = program.crash
        if crash:
            hint = ""
            if "Address already in use" in crash["error"]:
                hint = ("After a server has closed a connection the system keeps its port for a while (TIME_WAIT). "
                        "socket.create_server() takes it all the same; with bind() set SO_REUSEADDR before it.")
            elif crash["error"].startswith("ModuleNotFoundError"):
                hint = "The lessons use the standard library only, and files of the lesson's own folder."
            elif crash["error"].startswith("SyntaxError"):
                hint = "Python could not read the file; the mistake is in this line or just before it."
            return self.failure(f"server.py stopped with {crash['error']}", should, kind=NotStarted, hint=hint)
        if program.ended:
            how = program.exits["how"] if program.exits else f"exit code {program.exit_code}"
            return self.failure(f"server.py ended by itself ({how}) and never listened", should, kind=NotStarted,
                                hint="main() must be called, and its loop must go on for ever.")
        return self.failure(f"server.py has not called listen() within {LISTEN:g} seconds", should, kind=NotStarted)

    def restart(self):
        """Start it again at once; it is to get the same port again."""
        asked = {(listener["asked"] or (0, 0))[1]: listener["port"] for listener in self.program.listeners}
        old = self.port
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
            raise self.failure(f"{name} cannot connect: {self._how_it_ended()}", should)
        try:
            sock = socket.create_connection(("127.0.0.1", self.port), timeout=WAIT)
        except TimeoutError:
            self.deadline_passed()
            raise self.failure(f"{name} could not connect within {WAIT:g} seconds: the server does not accept", should) from None
        except OSError as error:
            if self.program.ends_within(0.5):
                raise self.failure(f"{name} cannot connect: {self._how_it_ended()}", should) from None
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
        return self._witness

    def name_of(self, peer):
        return next((client.name for client in reversed(self.clients) if client.port == peer), "a client")

    # -------------------------------------------------- asking the witness inside

    def ask(self, *command):
        return self.program.ask(*command)

    def is_idle(self, client):
        """Is it certain that nothing will come to this client until some client acts?

        True only with proof: every thread of the program, as the system counts them,
        is blocked in recv() or accept() without a timeout; each has taken all that its
        client sent; nobody waits to be accepted by a thread that accepts; and all that
        was sent to this client has come.
        """
        state = self.ask("state")
        if not state or state["moving"] or not state["threads"]:
            return False
        if any(thread["call"] not in ("recv", "accept") or thread["timed"] for thread in state["threads"]):
            return False
        clients = {one.port: one for one in self.clients}
        connections = {one["peer"]: one for one in state["connections"]}
        for thread in state["threads"]:
            if thread["call"] == "accept":
                if state["accepted"] != self.connected:
                    return False
                continue
            here, there = connections.get(thread["peer"]), clients.get(thread["peer"])
            if not here or not there or here["received"] != there.sent or there.finished:
                return False
        mine = connections.get(client.port)
        if mine and mine["sent"] != client.received:
            return False
        return self.program.threads == len(state["threads"]) and not self._children()

    def _children(self):
        try:
            return self.program.tree.children()
        except psutil.Error:
            return []

    def idle_because(self, client):
        """Say in words why nothing will come."""
        state = self.ask("state") or {"connections": []}
        if any(one["peer"] == client.port for one in state["connections"]):
            return f"the server has read all that {client} sent, and waits for more"
        return f"the server has not accepted {client}, and waits for another client"

    def receives_at_most(self, size):
        """From now on let each recv of the server return at most `size` bytes, as a slow network may."""
        self._command("limit", "recv", size)

    def sends_at_most(self, size):
        """From now on let each send() of the server take at most `size` bytes, as full buffers may; see send(2)."""
        self._command("limit", "send", size)

    def time_passes(self, waits=3):
        """Let the server's next waits with a time-out be over at once, as if so much time had gone by in silence."""
        self._command("limit", "wait", waits)

    def _command(self, *command):
        if self.program.ask(*command) is None and self.program.lost and not self.program.ended:
            raise Unknown(LOST)

    def holds(self, what, client=None, line=1):
        """Hold a thread, on command: see Hold."""
        return Hold(self, what, client, line)

    # -------------------------------------------------- what the contract says of the program itself

    def listens_on(self, host, port):
        """Expect that the program asked for this address, whatever port it got here."""
        listener = self.listener
        if self.program.lost:
            raise Unknown(LOST)
        should = f"python server.py listens on {host}:{port}"
        where = self._spots(listener["where"], "listens here")
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

    def had_no_errors(self, when):
        """Expect that no exception has ended one of its threads."""
        if self.program.errors:
            error = self.program.errors[0]["error"]
            raise self.failure(f"a thread of server.py died at {when}: {error}", "the client has gone, and nothing else happens", closed=True)

    def peak_memory(self):
        """The most memory that it has used until now, in bytes."""
        return self.program.peak_memory

    def has_grown_less_than(self, most, before, because):
        """Expect that its memory has not grown by more than `most` bytes."""
        grown = self.program.peak_memory - before
        if grown > most:
            raise self.failure(f"{because} cost the server {grown >> 20} MiB of memory",
                               f"the server's memory stays bounded, whatever a client sends (here: by {most >> 20} MiB)")

    def ends_on_ctrl_c(self, within):
        """Press Ctrl-C and expect the program's end within so many seconds."""
        self.story.add("the teacher", "--", "presses Ctrl-C")
        self.program.press_ctrl_c()
        if self.program.ends_within(within):
            return
        failure = self.failure(f"the server still runs {within} seconds after Ctrl-C", f"Ctrl-C stops the server within {within} seconds")
        threads = (self.ask("state") or {"threads": ()})["threads"]
        main = [thread for thread in threads if thread["main"] and thread["places"]]
        failure.where = unique([spot for thread in main for spot in self._spots(thread["places"], f"the main thread still {self._doing(thread)}")]
                               + [spot for thread in threads if not thread["daemon"] and not thread["main"]
                                  for spot in self._spots(thread["started_at"][:1], "starts a thread that is not a daemon thread, and still runs")]
                               + failure.where)
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
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            self.program.wait_for(lambda: False, 0.01)
        return True

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
        now = self.busy_threads(), self.program.sockets
        counts = [f"{count} {name} instead of {then}" for name, count, then in zip(("threads", "open sockets"), now, before) if count > then]
        failure = self.failure(f"after {what} the server has {' and '.join(counts)}", "as many threads and open sockets as before")
        failure.where = self._leftovers()
        raise failure

    def comes_to_rest(self, seconds=0.5):
        """Wait a moment until its threads wait in socket calls, as far as that can be seen."""
        self.waits_until(lambda: all(thread["call"] in ("recv", "accept") for thread in (self.ask("state") or {"threads": ()})["threads"]), seconds)

    def takes_all(self, client):
        """Wait a moment until the server has received all that this client sent."""
        self.waits_until(lambda: any(one["peer"] == client.port and one["received"] == client.sent
                                     for one in (self.ask("state") or {"connections": ()})["connections"]), 1)

    def notices(self, client):
        """Wait a moment until the end of this client has come to the server, and what it does about it is done."""
        def noticed():
            state = self.ask("state") or {"connections": ()}
            return not any(one["peer"] == client.port and one["open"] and not one["ends"] for one in state["connections"])

        self.waits_until(noticed, 1)
        self.comes_to_rest()

    def _leftovers(self):
        """Where the threads stand that serve nobody who is there."""
        state = self.ask("state") or {"threads": (), "connections": ()}
        here = {client.port for client in self.clients if not client.finished}
        readers = {one["reader"]: one["peer"] for one in state["connections"]}
        gone = [thread for thread in state["threads"] if not thread["main"] and readers.get(thread["id"]) not in here]
        still_open = [one for one in state["connections"] if one["open"] and one["peer"] not in here]
        return unique([spot for thread in gone for spot in self._spots(thread["places"], f"a thread still {self._doing(thread)}")]
                      + [spot for one in still_open for spot in self._spots(one["closed_at"] or one["read_at"] or one["accepted_at"],
                                                                             "has had this client's connection last; it is still open")])

    def settles(self, threads, sockets, seconds=WAIT):
        """Wait until it has no more than so many threads and sockets; return whether it has.

        Threads of a ThreadPoolExecutor that wait for work are not counted: they belong to no client.
        """
        return self.waits_until(lambda: self.busy_threads(threads) <= threads and self.program.sockets <= sockets, seconds)

    def busy_threads(self, enough=0):
        """How many threads the program has, less the pool's that wait for work."""
        count = self.program.threads
        if count > enough:
            state = self.ask("state")
            if state:
                count -= sum(thread["idle_worker"] for thread in state["threads"])
        return count

    # -------------------------------------------------- evidence

    def failure(self, message, should="", client=None, offset=None, closed=False, detail=(), hint="", kind=Failure):
        """Return a Failure with all the evidence there is.

        client: whom it happened to; offset: of the wrong byte in what it received;
        closed: its connection had ended.
        """
        where, detail = [], list(detail)
        program = self.program
        if program is None:
            return kind(message, should, hint=hint)
        state = program.last_state or (None if program.ended else self.ask("state"))
        if client is not None and offset is not None:
            where += server_first(self._spots(self.ask("blame", client.port, offset), f"sends this to {client}"))
        mine = [one for one in (state or {}).get("connections", ()) if client is not None and one["peer"] == client.port]
        errors = ([program.crash] if program.crash else []) + program.errors
        for error in errors:
            spots = self._spots(error["where"], error["error"])
            if client is None or error["peer"] in (client.port, None) or closed:
                where += spots
        if program.exits and program.ended:
            where += self._spots(program.exits["where"], f"ends the program: {program.exits['how']}")
        threads = (state or {}).get("threads", [])
        if closed and mine:
            where += self._spots(mine[-1]["closed_at"], f"ends {client}'s connection")
        if not closed or program.stopped_for:
            readers = {one["reader"] for one in mine}
            serving = [thread for thread in threads if thread["peer"] == getattr(client, "port", 0) or thread["id"] in readers]
            if mine and not serving:
                serving = [thread for thread in threads if not thread["call"]]
            for thread in serving or ([] if mine or where else threads):
                where += self._spots(thread["places"], self._doing(thread))
        if mine and mine[-1]["reader"]:
            where += self._spots(mine[-1]["read_at"], f"reads from {client} last")
        elif mine:
            where += self._spots(mine[-1]["accepted_at"], f"accepts {client}; nothing reads what it sends")
        if state:
            detail.append(("Where your server stands", self._standing(state)))
        for error in errors:
            frames = [f"{file}:{number} in {function}" if function else f"{file}:{number}" for file, number, function in error["where"]]
            whose = f", in the thread of {self.name_of(error['peer'])}" if error["peer"] else ""
            detail.append((f"An error that nobody caught{whose}", [error["error"], *(f"  at {frame}" for frame in frames)]))
        printed = program.output.strip().splitlines()
        if printed:
            detail.append(("The last lines that it printed", printed[-8:]))
        return kind(message, should, unique(where), detail, hint)

    def _spots(self, places, what):
        return [{"file": file, "line": number, "what": what} for file, number, function in places or ()
                if function != "<module>" or not re.fullmatch(r"\w+\(\)", self._source(file, number))]

    def _source(self, file, number):
        lines = self.files.get(file, b"").decode("utf-8", "replace").splitlines()
        return lines[number - 1].strip() if number <= len(lines) else ""

    def _doing(self, thread):
        who = self.name_of(thread["peer"])
        if thread["call"]:
            return CALLS[thread["call"]].format(who=who)
        return "stands here"

    def _standing(self, state):
        readers = {one["reader"]: one["peer"] for one in state["connections"] if not one["closed_at"]}
        lines = []
        for thread in sorted(state["threads"], key=lambda thread: not thread["main"]):
            if not thread["places"]:
                continue
            peer = thread["peer"] or readers.get(thread["id"])
            whose = "main thread" if thread["main"] else f"thread of {self.name_of(peer)}" if peer else thread["name"]
            spots = [f"{file}:{number} in {function}" for file, number, function in thread["places"][:3] if function != "<module>"
                     ] or [f"{file}:{number}" for file, number, _ in thread["places"][:1]]
            lines.append(f"{whose}: {self._doing(thread)}, at {', called from '.join(spots)}")
        if len(lines) > 6:
            lines[5:] = [f"... and {len(lines) - 5} more threads"]
        return lines

    def why_ended(self, client):
        """Say what became of a client's connection."""
        if self.program.stopped_for:
            return self._stopped()
        if self.program.ends_within(0.2):  # an end of the process shows on its connections first
            return f"{client}'s connection ended: {self._how_it_ended()}"
        if client.end == "a reset":
            return f"the server reset {client}'s connection"
        return f"the server closed {client}'s connection"

    def _how_it_ended(self):
        program = self.program
        if program.stopped_for:
            return self._stopped()
        program.wait_for(lambda: program.lost, WAIT)
        if program.crash:
            return f"server.py stopped with {program.crash['error']}"
        return f"server.py ended ({program.exits['how'] if program.exits else f'exit code {program.exit_code}'})"

    def _stopped(self):
        return "server.py was stopped: it used more than 512 MB of memory"


class Hold:
    """Holds one of the server's threads at a point where it may always be late.

    "send": the next thread that sends to the client, before it sends; "recv": the
    next thread that has received from the client, before the so-many-th line of the
    student's that it comes to; "start": every new thread, before its first step. Ends
    with `release`, or the with block.
    """

    def __init__(self, server, what, client=None, line=1):
        self.server = server
        server.program.held.clear()
        server._command("hold", what, *([client.port, line] if client else []))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.release()

    def release(self):
        self.server.ask("release")

    def caught(self, otherwise=lambda: False, count=1, seconds=HOLD_SECONDS):
        """Wait until so many threads are held, or until otherwise() is true; return the held threads."""
        held = self.server.program.held
        self.server.waits_until(lambda: len(held) >= count or otherwise(), seconds)
        return list(held)


def server_first(where):
    """Whom a message goes to is decided in server.py, wherever the send itself stands."""
    return sorted(where, key=lambda spot: spot["file"] != "server.py")


def unique(where):
    seen, kept = set(), []
    for spot in where:
        if (spot["file"], spot["line"]) not in seen:
            seen.add((spot["file"], spot["line"]))
            kept.append(spot)
    return kept
