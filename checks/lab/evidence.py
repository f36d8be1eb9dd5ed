"""From a program and its state to a Failure: what was, and at which of the student's lines.

The same for a server and for a client: what the threads do, which errors nobody
caught, what was printed last, how the program ended. Nothing here acts on the
program; it only asks.
"""

import builtins
import collections
import re

from .clients import WAIT
from .faults import LOST
from .seen import connection_of, reader_of, reads_on
from .verdict import Failure, LabError, Unknown

ENDING = 1.0  # seconds that a program may need from its last step to its end
CALLS = {"recv": "waits in recv() for {who} to send", "input": "waits for something to be typed",
         "accept": "waits in accept() for the next client",
         "send": "stands in a send to {who}", "lock": "waits for a lock", "get": "waits for something in a queue",
         "put": "waits for room in a queue", "join": "waits for the end of a thread",
         "tasks": "waits until all that was put into a queue is done",
         "wait": "waits for an event", "notify": "waits for a condition to be notified", "signal": "waits for a signal", "sleep": "only sleeps", "nap": "sleeps",
         "connect": "waits for a connection", "select": "waits in select() for something to happen",
         "end": "waits, at the program's end, for all threads that are no daemon threads"}

HINTS = (  # about errors that lie in the program's own text, whatever a client did
    (r"SyntaxError|IndentationError|TabError", "Python could not read the file; the mistake is in this line or just before it."),
    (r"ModuleNotFoundError", "The lessons use the standard library only, and files of the lesson's own folder."),
    (r"ImportError", "The file is found, and this name is not in it: compare how it is spelt in both places."),
    (r"NameError|UnboundLocalError", "Python knows no value by this name here. Is it spelt as where it is made, made before this line runs, "
                                     "and made in this function or outside of all functions?"),
    (r"TypeError: .*argument after \* must be an iterable", "Thread() wants its args as a tuple: (conn,) is one, with its comma; (conn) is nothing but conn."),
    (r"TypeError: .*\bargument", "The function is called with other arguments than its `def` line takes: compare the two."),
    (r"AttributeError: module", "The module has nothing of this name: is it spelt right, and does a file of yours bear the module's name?"),
    (r"RuntimeError: .*(changed size|mutated) during iteration", "Another thread has put something in, or taken something out, while this line went through it. "
                                                                "Go through a copy, list(...): a view, a generator or a second name is none. Where there is a lock, both hold it, "
                                                                "who changes and who copies."),
    (r"RuntimeError: cannot (notify|wait) on un-acquired lock", "wait() and notify() are called inside `with` of the same Condition."),
    (r"TimeoutError: timed out", "settimeout() holds for every call on that connection from then on, also for recv() in another thread. "
                                 "Who says nothing for long, or reads nothing for long, is still there."),
    (r"KeyError: <", "The dict has no such key, or no more: another thread may have taken it out meanwhile. pop(key, None) and get(key) do not mind."),
    (r"OSError: .*Address already in use", "After a server has closed a connection the system keeps its port for a while (TIME_WAIT). "
                                           "socket.create_server() takes it all the same; with bind() set SO_REUSEADDR before it."))

STUCK = {"again": "A thread that holds a Lock and asks for it again waits for itself. Take it in one function, and let those that this one calls do without.",
         "kept": "`with lock:` gives the lock back on every way out of the block: an exception, a return, a break. After acquire() only a `finally` does.",
         "circle": "Each thread holds what the other one waits for. Take locks in the same order everywhere, or do with one."}


def hint_about(error):
    """What to do about an error of this text, or None if that is up to the lesson."""
    return next((hint for pattern, hint in HINTS if re.match(pattern, error)), None)


class Evidence:
    """What can be told of one run of a student's program.

    program: the Program; files: the student's, {relative path: bytes}; name: the file
    that is run; name_of(port): what the story calls the peer with this port. A peer,
    below, is somebody of the story: it has a `port`, and its name as text.
    """

    def __init__(self, program, files, name, name_of):
        self.program, self.files, self.name, self.name_of = program, files, name, name_of
        self.kind = name.removesuffix(".py")  # "server" or "client", as the student thinks of it

    def failure(self, message, should="", peer=None, offset=None, closed=False, detail=(), hint=None, kind=Failure):
        """Return a Failure with all the evidence there is.

        peer: whom it happened to; offset: of the wrong byte in what the peer received;
        closed: its connection had ended. Raises LabError when nothing of the student's has run.
        """
        program = self.program
        if program.ended and not program.begun and not program.wait_for(lambda: program.begun, WAIT):
            raise LabError(f"{self.name} could not be started: {program.output.strip()[-300:]}")
        state = program.last_state or (None if program.ended else self.with_tasks(program.state()))
        stuck_at = []
        for stuck in program.stuck[:1]:
            words, stuck_at = stuck_words(self, stuck)
            message, hint = f"{message}: {words}", STUCK["kept" if was_kept(stuck) else stuck["kind"]] if hint is None else hint
        errors = program.uncaught
        mistake = self._mistake(errors, peer)
        if mistake and mistake["error"] not in message:
            message = f"{f'{self.name} stopped with' if mistake is program.crash else f'a thread of {self.name} died of'} {mistake['error']}; {message}"
        died_at = self.spots(mistake["where"], mistake["error"], "called from here") if mistake else []
        if mistake and hint is None:
            hint = hint_about(mistake["error"])
        where, is_explained = self._where(state or {"threads": (), "connections": ()}, peer, offset, closed, [
            error for error in errors if peer is None or error["peer"] in (peer.port, None) or closed or error is mistake])
        failure = kind(message, should, unique(stuck_at + died_at + where), [*detail, *self._detail(state, errors)], hint)
        failure.is_explained = is_explained or bool(stuck_at or mistake)
        return failure

    def with_tasks(self, state):
        """The same state, with where the tasks wait of a thread that runs a loop of asyncio."""
        tasks = self.program.ask("tasks") or {}
        for thread in state["threads"] if state else ():
            thread["tasks"] = tasks.get(str(thread["id"]), ())
        return state

    def _where(self, state, peer, offset, closed, errors):
        """The places of a failure, the likeliest first, and whether the first of them is the cause itself."""
        program, threads, where, is_explained = self.program, state["threads"], [], False
        mine, reader = (connection_of(peer, state), reader_of(peer, state)) if peer is not None else (None, None)
        if mine and getattr(peer, "reads", True):
            where += self.spots(mine["short_at"], f"send() took only a part of what was for {peer}, and the rest did not follow", "called from here")
        if peer is not None and offset is not None:
            where += self.own_file_first(self.spots(self.sender(peer, offset), f"sends this to {peer}"))
        for error in errors:
            where += self.spots(error["where"], error["error"], "called from here")
        if program.exits and program.ended:
            where += self.where_it_was_ended()
        elif program.caught and not program.caught["error"].startswith("KeyboardInterrupt"):
            where += self.spots(program.caught["where"], f"{program.caught['error']}: caught, and then the program ends", "called from here")
        if closed and mine:
            if mine["closed_after"]:
                where += self.caught_spots(mine["closed_after"], peer)
                is_explained = True
            where += self.spots(mine["closed_at"], f"ends {peer}'s connection{self.unread(peer, mine)}", "called from here")
            where += self.spots(mine["linger_at"], "sets SO_LINGER: with a time of 0 close() is a reset, and what was not received yet is lost")
        for last in [one for one in program.last_connections if program.ended and peer is not None and one["peer"] == peer.port][-1:]:
            where += self.spots(last["closed_at"], f"ends the connection with {peer}", "called from here")
        if mine and reads_on(mine):
            where += self.spots(mine["read_at"], f"has met the end of {peer}'s stream {mine['ends']:,} times, and reads on", "called from here")
        if not closed or program.used_too_much:
            in_recv = mine and any(thread["call"] == "recv" and thread["peer"] == peer.port for thread in threads)
            if mine and mine["closed_at"] and not getattr(peer, "end", "") and (in_recv or mine["open"] and offset is None):  # or its end is on its way
                why = "a file that was made of it keeps it open" if mine["open"] else "close() wakes no thread that waits in recv(), and lets nobody know as long as it waits"
                where[:0] = self.spots(mine["closed_at"], f"is to end {peer}'s connection; {why}", "called from here")
                is_explained = True
            serving = [thread for thread in threads if thread["peer"] == getattr(peer, "port", 0) or mine and thread["id"] == mine["reader"]]
            if mine and not serving:
                serving = [thread for thread in threads if not thread["call"] or thread["call"] == "input"]
            for thread in serving or ([] if mine or where else sorted(threads, key=lambda thread: not thread["main"])):
                held_by = self.holding(thread, threads)
                where += held_by + [spot for stack, _ in tasks_of(thread)[:3] for spot in self.spots(stack, "a task waits here", "called from here")]
                where += self.spots(thread["places"], self.doing(thread), "called from here")
                is_explained = is_explained or bool(held_by)
            if offset is None and not program.stuck:  # nothing came: whoever waits for another thread may be the one to send it
                for thread in threads:
                    if thread["call"] in ("notify", "wait", "get", "join", "tasks") or thread["waits"]:
                        where += self.spots(thread["places"], self.doing(thread), "called from here")
                for thread in state.get("not_started", ()):
                    where[:0] = self.spots(thread["places"], f"{thread['name']} is made here, and never started")
        if mine and mine["caught"] and mine["open"] and threads and not (reader and reader["call"]):
            then = "goes on and reads nothing more" if reader else "ends that has read"
            where[:0] = self.spots(mine["caught"]["where"], f"{mine['caught']['error']}: caught, and then the thread {then} from {peer}", "called from here")
            is_explained = True
        if mine and mine["reader"]:
            where += self.spots(mine["read_at"], f"reads from {peer} last", "called from here")
        elif mine:
            where += self.spots(mine["accepted_at"], f"{'accepts' if self.kind == 'server' else 'connects to'} {peer}; nothing reads what it sends")
        return where, is_explained

    def _detail(self, state, errors):
        """The blocks below a failure: where the threads stand, what nobody caught, what was printed last."""
        if state:
            yield f"Where your {self.kind} stands", self.standing(state)
        yield from self._uncaught(errors)
        if self.program.ended:
            self.program.printed_all.wait(1)  # its last lines may still be on their way
        printed = without_the_kit(self.program.output.strip()).splitlines()
        if printed:
            yield "The last lines that it printed", printed[-8:]

    def asked(self, *command):
        """The answer from inside to this, on which a verdict depends. Raises Unknown when there is none."""
        answer = self.program.ask(*command)
        if answer is None:
            raise Unknown(f"could not tell: {self.how_it_ended()}" if self.program.ended else LOST)
        return answer

    def sender(self, peer, offset):
        """Where the byte at this offset of what went to this peer was sent, as places; of a program that has ended only what it told last."""
        last = next((one["sends"] for one in self.program.last_connections if one["peer"] == peer.port), ())
        told = next((places for start, places in reversed(last) if start <= offset), ())
        return self.program.ask("blame", peer.port, offset) or told

    def _mistake(self, errors, peer):
        """The error among these that explains most: of the peer's own thread or of nobody's, or a slip in another's; or None.

        An OSError is what becomes of a connection, and a ValueError may be what a client sent;
        but a thread that serves nobody is missed, whatever it died of.
        """
        own = [error for error in errors if not is_a(error["error"], OSError) and (peer is None or error["peer"] in (peer.port, None))]
        others = [error for error in errors if is_a(error["error"], Exception) and not is_a(error["error"], OSError, ValueError)]
        return next(iter(own + others + [error for error in errors if error["peer"] is None]), None)

    def _uncaught(self, errors):
        """A block for each error that nobody caught, or for the same one in many threads."""
        whose = {}
        for error in errors:
            frames = [f"{file}:{number} in {function}" if function else f"{file}:{number}" for file, number, function in error["where"]]
            lines = error["error"], *(f"  at {frame}" for frame in frames)
            whose.setdefault(lines, []).append("" if error is self.program.crash else self.name_of(error["peer"]) if error["peer"] and self.kind == "server" else "")
        for lines, names in whose.items():
            named = [name for name in names if name]
            more = f" and {len(named) - 3} more" if len(named) > 3 else ""
            thread = f", in the thread{'s' * (len(named) > 1)} of {', '.join(named[:3])}{more}" if named else ""
            times = f" ({len(names)} times)" if len(names) > 1 and not named else ""
            yield f"An error that nobody caught{thread}{times}", list(lines)

    # -------------------------------------------------- places in the student's files

    def spots(self, places, what, then=None):
        """Places (file, line, function), the innermost first, as a Failure's `where`.

        what: of the first; then: of its callers, if it is not the same. The line that
        only calls main() tells nothing, and what is no file of the student's is none that he can mend.
        """
        return [{"file": file, "line": number, "what": then if then and at else what} for at, (file, number, function) in enumerate(places or ())
                if file in self.files and (function != "<module>" or not re.fullmatch(r"\w+\(\)", self.source(file, number)))]

    def source(self, file, number):
        """A line of the student's, stripped, or an empty one."""
        return line_at(self.files, file, number)

    def own_file_first(self, where):
        """Whom a message goes to is decided in the program's own file, wherever the send itself stands."""
        return sorted(where, key=lambda spot: spot["file"] != self.name)

    # -------------------------------------------------- threads

    def doing(self, thread, state=None):
        """What this thread of a state is doing."""
        waits = thread.get("waits_for")
        if waits:
            held = f"{self.owner(waits['holder'])} holds it since" if waits["holder"] else "taken at"
            return f"waits for {lock_name(self, waits)} ({held} {place(waits['since'])})"
        if thread["call"] == "recv" and any(one["peer"] == thread["peer"] and reads_on(one) for one in (state or {}).get("connections", ())):
            return f"reads on after the end of {self.name_of(thread['peer'])}'s stream"
        if thread["call"]:
            return CALLS[thread["call"]].format(who=self.name_of(thread["peer"]))
        return "waits for another thread to do something" if thread["waits"] else CALLS["nap"] if thread["nap"] else "stands here"

    def owner(self, thread):
        """Whose thread this is: the peer's, the main one, or its name."""
        return (f"the thread of {self.name_of(thread['peer'])}" if thread["peer"] else
                "the main thread" if thread["name"] == "MainThread" else f"the thread {thread['name']}")

    def holding(self, thread, threads):
        """Where the one of these threads stands that holds the lock for which this one waits, and where it took it."""
        waits = thread.get("waits_for") or {"holder": None}
        holder = next((other for other in threads if waits["holder"] and other["id"] == waits["holder"]["id"]), None)
        if not holder or holder is thread:
            return []
        name = lock_name(self, waits)
        return (self.spots(holder["places"], f"{self.doing(holder)}, and holds {name} meanwhile", "called from here")
                + self.spots(waits["since"][:1], f"takes {name}"))

    def standing(self, state):
        """Where each thread of this state stands, one line a thread; those that hold, or wait for, what is not the next message come first."""
        lines = []
        for thread in sorted(state["threads"], key=lambda thread: (not thread["main"], not thread.get("holds"), thread["call"] in ("recv", "get", "notify"))):
            if not thread["places"]:
                continue
            whose = re.sub("^(the thread|the|a) ", "", self.called(thread, state))
            spots = [f"{file}:{number} in {function}" for file, number, function in thread["places"][:3] if function != "<module>"
                     ] or [f"{file}:{number}" for file, number, _ in thread["places"][:1]]
            holds = "".join(f", holds {lock_name(self, lock)} since {place(lock['since'])}" for lock in thread.get("holds", ()))
            lines.append(f"{whose}: {self.doing(thread, state)}{holds}, at {', called from '.join(spots)}")
            lines += [f"{f'{count} tasks: wait' if count > 1 else 'a task: waits'} at {', called from '.join(f'{file}:{number} in {function}' for file, number, function in stack[:3])}"
                      for stack, count in tasks_of(thread)]
        if len(lines) > 6:
            lines[5:] = [f"... and {len(lines) - 5} more threads"]
        return lines

    def caught_spots(self, caught, peer):
        """Where this error was raised, after which the peer's connection was ended; what a send's error takes with it is up to who sends, wherever that is done."""
        spots = self.spots(caught["where"], f"{caught['error']}: caught, and then {peer}'s connection is ended", "called from here")
        return self.spots([place for place in caught["where"] if place[0] == self.name], spots[0]["what"], "called from here") + spots if spots and is_a(caught["error"], OSError) else spots

    def where_it_failed(self):
        """Where the errors were raised that nobody has caught."""
        return [spot for error in self.program.uncaught for spot in self.spots(error["where"][:1], error["error"])]

    def where_it_was_ended(self):
        """Where an exit or a KeyboardInterrupt has ended the program."""
        exits = self.program.exits
        return self.spots(exits["where"], f"ends the program: {exits['how']}", "called from here") if exits else []

    def what_keeps_it_running(self):
        """Where the threads stand, or were started, that Python waits for at the program's end."""
        threads = (self.program.ask("state") or {"threads": ()})["threads"]
        main = [thread for thread in threads if thread["main"] and thread["places"]]
        at_the_end = not any(thread["main"] and thread["call"] != "end" for thread in threads)
        return unique([spot for thread in main for spot in self.spots(thread["places"], f"the main thread still {self.doing(thread)}", "called from here")]
                      + [spot for thread in self._waited_for(threads)
                         for spot in self.spots(thread["places"][:1], f"a thread still {self.doing(thread)}")
                         + (self.spots(thread["started_at"][:1], "starts a thread that is not a daemon thread, and still runs") if at_the_end else [])])

    def why_it_runs_on(self):
        """Say which thread keeps the program from its end, as the end of a sentence; "" if that cannot be told."""
        state = self.program.ask("state") or {"threads": (), "connections": ()}
        waited_for = self._waited_for(state["threads"])
        main = [thread for thread in state["threads"] if thread["main"] and thread["call"] != "end" and thread["places"]]
        words = [f"{self.called(thread, state)} {self.doing(thread, state)} at {place(thread['places'])}" for thread in (main + waited_for)[:2]]
        if words and not main:
            words[0] += ", and Python waits for it: it is no daemon thread"
        more = len(main + waited_for) - 2
        return f": {'; '.join(words)}" + f"; and {more} more" * (more > 0) if words else ""

    def _waited_for(self, threads):
        """Those of a state's threads for which Python waits at the program's end: the one that the main thread waits for in the end first, then those that wait for nobody else's end."""
        by_id, last = {thread["id"]: thread for thread in threads}, next((thread for thread in threads if thread["main"]), None)
        for _ in threads:
            if last and last["joins"] in by_id:
                last = by_id[last["joins"]]
        return sorted((thread for thread in threads if not thread["daemon"] and not thread["main"] and thread["places"]),
                      key=lambda thread: (thread is not last, thread["call"] == "join"))

    def called(self, thread, state=None):
        """What this thread is called; of a thread of a state after the peer from whom it reads, to whom it is just sending, or to whom alone it sends."""
        still = [one for one in state["connections"] if not one["closed_at"]] if state else []
        reads = [one["peer"] for one in still if one["reader"] == thread["id"]]
        sends = [one["peer"] for one in still if thread["id"] in one["senders"]]
        peer = reads[-1] if reads else thread["peer"] or (sends[0] if len(sends) == 1 else None)
        return "the main thread" if thread["main"] else f"a thread of {self.name_of(peer)}" if peer and self.kind == "server" else f"the thread {thread['name']}"

    def leftovers(self, here):
        """Where the threads stand that serve nobody, and who had the connections last that are open for nobody; here: ports of peers."""
        state = self.program.ask("state") or {"threads": (), "connections": ()}
        readers = {one["reader"]: one["peer"] for one in state["connections"]}
        gone = [thread for thread in state["threads"] if not thread["main"] and not thread["idle_worker"] and (thread["peer"] or readers.get(thread["id"])) not in here]
        still_open = [one for one in state["connections"] if one["open"] and one["peer"] not in here]
        spinning = [one for one in still_open if reads_on(one)]
        return unique([spot for one in spinning for spot in self.spots(one["read_at"], f"a thread reads on after the end of {self.name_of(one['peer'])}'s stream")]
                      + [spot for thread in gone for spot in self.spots(thread["places"], f"a thread still {self.doing(thread)}")
                         or self.spots(thread["started_at"], "starts a thread that still runs", "called from here")]
                      + [spot for one in still_open for spot in self.spots(one["closed_at"] or one["read_at"] or one["accepted_at"],
                                                                            "has had this client's connection last; it is still open")])

    # -------------------------------------------------- how things ended

    def has_ended(self):
        """Has the program ended, or is it about to? Its sockets are closed before the process is gone."""
        program = self.program
        if not program.watch_until(lambda: program.ended or program.is_at_rest(), ENDING) and (program.crash or program.exits or program.lost):
            program.wait_for(lambda: program.ended, WAIT)  # it is on its way, on a machine that is slow
        return program.ended

    def why_ended(self, peer):
        """Say what became of a peer's connection: the same whether a reset or the end of the stream came, which is up to the moment."""
        if self.has_ended():
            return self.how_it_ended()
        mine = [one for one in (self.program.state() or {"connections": ()})["connections"] if one["peer"] == peer.port and one["closed_after"]]
        died = any(error["peer"] == peer.port for error in self.program.uncaught)  # of something else, then
        return f"the {self.kind} closed {peer}'s connection" + (f" after {mine[-1]['closed_after']['error']}" if mine and not died else "")

    def unread(self, peer, connection=None):
        """Say that this peer's connection was closed with unread bytes, as text to go on with; "" if none are known of."""
        state = self.program.last_state or (None if self.program.ended else self.program.ask("state")) or {"connections": ()}
        connection = connection or next((one for one in reversed(state["connections"]) if one["peer"] == peer.port), None)
        count = connection["unread"] if connection else 0
        return f" while {count:,} byte{'s' * (count != 1)} from {peer} lie unread, which the system turns into a reset" if count else ""

    def how_it_ended(self):
        """Say how the program came to its end."""
        program = self.program
        if program.used_too_much:
            return f"{self.name} was stopped: it used more than 512 MB of memory"
        program.wait_for(lambda: program.crash or program.exits or program.heard_out, WAIT)  # its last words may still be on their way
        if program.crash:
            return f"{self.name} stopped with {program.crash['error']}"
        return f"{self.name} ended ({program.exits['how'] if program.exits else f'exit code {program.exit_code}'})"


def line_at(files, file, number):
    """A line of one of these files, {relative path: bytes}, stripped; "" if there is none."""
    lines = files.get(file, b"").splitlines()  # of bytes, which has the same ends of lines as Python
    return lines[number - 1].decode("utf-8", "replace").strip() if 0 < number <= len(lines) else ""


def is_a(text, *kinds):
    """Is this the text of an error, "BrokenPipeError: ...", of one of these kinds of Python's own?"""
    kind = getattr(builtins, text.partition(":")[0], None)
    return isinstance(kind, type) and issubclass(kind, kinds)


def tasks_of(thread):
    """Where the tasks wait of the loop that this thread runs: [(stack, how many)]; the rarest first, for most serve their clients."""
    return sorted(collections.Counter(tuple(map(tuple, task)) for task in thread.get("tasks", ())).items(), key=lambda each: (each[1], -len(each[0])))


def without_the_kit(text):
    """What the student's program printed, its tracebacks without the kit's own frames."""
    return re.sub(r'  File "[^"\n]*[\\/]lab[\\/]inside[\\/][^"\n]*", line .*\n(?:    .*\n)*', "", text)


def unique(where):
    """These places, each line once."""
    seen, kept = set(), []
    for spot in where:
        if (spot["file"], spot["line"]) not in seen:
            seen.add((spot["file"], spot["line"]))
            kept.append(spot)
    return kept


def lock_name(evidence, lock):
    """What the student's code calls this lock, as far as the line that makes it tells."""
    for file, number, _ in lock["made"][:1]:
        named = re.match(r"([\w.]+)\s*(?::[^=]+)?=[^=]", evidence.source(file, number))
        return f"`{named[1]}`" if named else f"the lock made at {file}:{number}"
    return "a lock"


def was_kept(stuck):
    """Does a thread ask for a lock once more just where it took it, and is no deeper in its calls than then?"""
    at, since = (stuck["waits"][0][when] for when in ("at", "since"))
    return stuck["kind"] == "again" and at[:1] == since[:1] and len(at) <= len(since)


def stuck_words(evidence, stuck):
    """Say of a wait that cannot end who waits where for what: (one sentence, where)."""
    words, where = [], []
    for wait in stuck["waits"]:
        whose = evidence.owner(wait)
        name, at, since = lock_name(evidence, wait), place(wait["at"]), place(wait["since"])
        if wait["for_end_of"]:
            name = "the end of the thread " + (f"of {evidence.name_of(wait['holder'])}" if wait["holder"] else wait["for_end_of"])
            words.append(f"{whose} waits for ever for {name} at {at}, in join()")
            where += evidence.spots(wait["at"], f"waits for {name}", "called from here")
            continue
        words.append(f"{whose} waits for ever for {name} at {at}: " + {
            "again": f"it holds it itself, since {since}{', the time before' * was_kept(stuck)}",
            "kept": f"a thread that took it at {since} has ended without releasing it",
            "circle": f"it is held since {since}"}[stuck["kind"]])
        where += evidence.spots(wait["at"], f"waits for {name}") + evidence.spots(wait["since"][:1], f"takes {name} and holds it")
    if stuck["kind"] == "kept":
        where = where[::-1]
    return "; ".join(words), where


def place(places):
    return f"{places[0][0]}:{places[0][1]}" if places else "a place outside your files"
