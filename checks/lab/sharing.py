"""What the lessons on shared state ask for, judged by what the witness inside has seen.

Who touched the members, with which locks; who waited while holding one; and in words:
both places, whose threads they were, and what can come of it.
"""

import contextlib
import re

from .evidence import lock_name, place, unique
from .faults import MOST_POINTS
from .forcing import Rehearsal
from .seen import reader_of
from .verdict import Failure, Unknown

DOES = {"walk": "goes through {}", "copy": "copies {}", "__iter__": "copies {}", "__len__": "looks whether {} is empty",
        "len": "counts {}", "__contains__": "looks into {}", "__getitem__": "looks something up in {}", "get": "looks something up in {}",
        "__repr__": "prints {}", "__eq__": "compares {}", "__setitem__": "puts an entry into {}", "setdefault": "puts an entry into {}",
        "append": "adds to {}", "add": "adds to {}", "insert": "adds to {}", "appendleft": "adds to {}", "update": "adds to {}",
        "pop": "removes from {}", "popitem": "removes from {}", "remove": "removes from {}", "discard": "removes from {}",
        "__delitem__": "removes from {}", "bind": "binds {} to something new", "read": "reads what {} is bound to",
        "__iadd__": "changes {}", "clear": "empties {}"}
GOING_THROUGH = {"walk", "copy", "__iter__"}
LOOKING = {"__contains__", "__getitem__", "get", "__len__", "len", "__eq__", "__repr__"}
LET_GO = ("Is the lock let go on every way out of that section, also with return, break or an exception? `with lock:` does that. "
          "What may block stands behind the section: receive and send there.")
ONE_LOCK = "every thread touches the members (reading, changing, going through them) only while it holds one and the same lock"


class Sharing:
    """What is known about the members of one server's room, and the locks around them."""

    def __init__(self, evidence, anew):
        self.evidence, self.program = evidence, evidence.program
        self.anew = anew  # a context manager that gives a fresh run of the server

    # -------------------------------------------------- the rules

    def looks_for(self, members):
        """Look where the program keeps these members; return the names of what is known by now to hold members."""
        return self._ask("members", *(f"{member.nick}:{member.port}" for member in members))

    def loses(self, member):
        """This member has gone, or this client never joined: what still holds it is not where the members are kept."""
        self._ask("without", f"{member.name}:{member.port}")

    def is_guarded(self):
        """Expect that the members were touched under one lock only, whichever. Raises Unknown when that cannot be seen."""
        report = self._report()
        for release in report["unheld"]:
            raise self._was_free(release)
        races = sorted(report["races"], key=how_telling)
        if races:
            self._rehearse(races)
        elif any(lock["made_for"] for lock in report["guards"]):
            self._is_made_once()
        if report["blind"]:
            raise Unknown(f"could not tell: {'; '.join(report['blind'])}")

    @contextlib.contextmanager
    def is_guarded_to_the_end(self):
        """Expect that in here, until the program has ended, no two threads that both still run touch the members but under the one lock."""
        known = [places_of(race) for race in self._report()["races"]]
        yield
        report = self._last_report()
        races = [race for race in report["races"] if race["both_ran"] and places_of(race) not in known] if report else ()
        if races:
            raise self._race(sorted(races, key=how_telling))

    def handler_waits_for_nobody(self):
        """Expect that no handler of a signal takes a lock that the main thread, which it interrupts, may just hold; the program has ended."""
        self.program.wait_for(lambda: self.program.heard_out, 1)
        for one in (self.program.last_report or {"interrupted": ()})["interrupted"]:
            name = self._name(one["lock"])
            raise Failure(f"the handler of Ctrl-C takes {name} at {place(one['handler'])}, and so does the main thread at {place(one['lock']['since'])}, "
                          "between two lines of which it runs", "on Ctrl-C the server ends, wherever its main thread is just then",
                          unique(self._spots(one["handler"][:1], f"the handler takes {name}") + self._spots(one["lock"]["since"][:1], f"the main thread takes {name}")),
                          [("What can come of it", ["Ctrl-C comes while the main thread holds the lock: the handler waits for it, and the main thread for the handler's end (a deadlock)."])])

    def _is_made_once(self):
        """A client's thread has made the lock: expect no race when two come first, and one is late at any point before it takes it."""
        for point in range(1, MOST_POINTS):
            with self.anew() as server:
                one, other = server.kind(server, "ann"), server.kind(server, "bea")
                with server.holds("recv", one, point) as hold:
                    one.asks_for("ann")
                    held = hold.caught(lambda: one.has_something() or server.rests(), seconds=1)
                    if not held or server.holds_a_lock(held[0]) or server.sections(held[0]):
                        return
                    other.asks_for("bea")
                    server.waits_until(lambda: other.has_something() and server.rests(but=held), 1)
                server.waits_until(server.rests, 1)
                server.sharing.looks_for((one, other))
                races = [race for race in server.sharing._ask("report")["races"] if all(access["locks"] for access in race["accesses"])]
                if races:
                    raise server.sharing._race(sorted(races, key=how_telling))

    def _rehearse(self, races):
        """Raise the Failure that these races are, with what was seen to come of them. Raises Unknown if they may be none."""
        with self.anew() as server:
            rehearsal = Rehearsal(server, races, lambda access, store: does(access, store_name(store)))
            rehearsal.run()
        if rehearsal.is_excluded():
            return
        failure = self._race(rehearsal.possible() or races)
        if rehearsal.may_be_excluded():
            raise Unknown("could not tell: it seems to guard its members by a lock of its own making, which the kit cannot follow "
                          f"everywhere; without it this would be wrong: {failure.message}")
        files = {access["places"][0][0] for race in races for access in race["accesses"]}  # elsewhere it is no place to look at: what reads a message, perhaps
        gap = [place for place in rehearsal.gap[:1] if place[0] in files]
        failure.where = unique(self._spots(gap, "one thread was late here, and another came in beside it") + failure.where)
        if rehearsal.story:
            failure.detail.append(("Shown to go wrong", rehearsal.story))
        raise failure

    def _report(self):
        report = self._ask("report")
        if not report["stores"]:
            raise Unknown(f"could not tell: {self.evidence.name} keeps its members where the kit cannot follow them"
                          + f" ({'; '.join(report['blind'])})" * bool(report["blind"]))
        return report

    def never_waits(self):
        """Expect that no call that may block was made while the members' lock was held."""
        report = self._report()
        if report["under_lock"]:
            raise self._waits(report["under_lock"])

    def never_waited(self):
        """The same, until the program's end."""
        report = self._last_report()
        if report and report["under_lock"]:
            raise self._waits(report["under_lock"])

    def _last_report(self):
        """What was seen inside until the program's end; of one that still runs, until now; None of one that a signal has ended at once, as it wished."""
        self.program.wait_for(lambda: self.program.heard_out, 1)
        report = self.program.last_report if self.program.ended else self._report()
        if not report and (self.program.exit_code >= 0 or self.program.used_too_much):
            raise Unknown("could not tell: the program ended without a word of what was seen inside")
        return report

    def has_one_order(self):
        """Expect that no two locks were taken in opposite order by two threads."""
        for pair in self._ask("report")["opposite"]:
            raise self._opposite(pair)

    def lock_is_free(self, after):
        """Expect that no thread holds the members' lock while all of them wait for their clients."""
        guards = {lock["lock"] for lock in self._ask("report")["guards"]}
        for thread in (self.program.ask("state") or {"threads": ()})["threads"]:
            for lock in thread.get("holds", ()):
                if lock["lock"] in guards and (thread["call"] == "recv" or thread["call"] in ("accept", "select") and not thread["timed"]):  # else it may let go of it soon
                    raise Failure(f"after {after} {self._whose(thread)} still holds {self._name(lock)}, taken at {place(lock['since'])}",
                                  "the lock is free again after every path, also one that ends in an exception",
                                  unique(self._spots(lock["since"], "takes the lock; not every way from here releases it")
                                         + self._spots(thread["places"], "goes on with the lock held")))

    def is_not_kept_waiting(self, client, held, what, comes):
        """Expect that this client, who has no answer, has come or gone all the same, or waits for the member who is stuck alone.

        Its thread may wait for its turn to send to that member (a lock for each connection).
        """
        guards = {lock["lock"] for lock in self._ask("report")["guards"]}
        state = self._ask("state")
        thread = reader_of(client, state)
        lock = thread and thread.get("waits_for")
        if lock and lock["lock"] not in guards and lock["sent_to"] < 2 and guards.isdisjoint(held["lock"] for held in thread["holds"]):
            return
        if thread and thread["call"] == "recv" and self._ask("is_in", f"{client.nick}:{client.port}") is comes:
            return  # only the others hear of it late
        at = held.where
        failure = self.evidence.failure(
            f"{what}: {client} gets no answer" + (f", for {self._whose(thread | {'peer': client.port})} waits for {self._name(lock)} "
                                                  f"at {place(thread['places'])}, taken at {place(lock['since'])}" if lock else ""),
            "others can join and leave while a send to one member is stuck", client)
        failure.where = unique(self._spots(lock["since"][:1] if lock else (), "takes the lock")
                               + self._spots(at, "the send that is stuck") + failure.where)
        raise failure

    def _ask(self, *command):
        answer = self.evidence.asked(*command)
        if isinstance(answer, dict) and answer.get("changed"):
            raise Unknown(f"could not tell: {self.evidence.name} has changed what watches it from inside ({', '.join(answer['changed'][:5])})")
        return answer

    # -------------------------------------------------- in words

    def _race(self, races):
        race = races[0]
        store = store_name(race["store"])
        first, second = sorted(race["accesses"], key=lambda access: (bool(access["locks"]), not access["changes"]))
        if first["locks"]:
            kept = {lock["lock"] for lock in first["locks"]} | {lock["lock"] for lock in second["locks"]}
            made = {place(lock["made"]) for lock in first["locks"] + second["locks"]}
            why = (f"the lock made at {made.pop()} is another one each time" if len(made) == 1 and len(kept) > 1
                   else f"two locks: {self._names(first)} there, {self._names(second)} here")
        else:
            why = "with no lock held"
            if first["missed"]:
                why = f"the first one's acquire() at {place(first['missed'])} had returned False"
        message = (f"{self._whose(first)} {does(first, store)} at {place(first['places'])} {self._holding(first)}; "
                   f"{self._whose(second, first)} {does(second, store)} at {place(second['places'])} {self._holding(second)}"
                   + (f": {why}" if first["locks"] or first["missed"] else ""))
        bare = [access for each in races for access in each["accesses"] if not access["locks"]] or [first, second]
        where = self._spots(first["missed"][:1], "asks for the lock, and goes on without it when it is not there in time")
        where += [spot for access in [first, second, *bare] for spot in self.evidence.spots(
            access["places"][:1 if access["locks"] else 2], f"{does(access, store)} {self._holding(access)} ({self._whose(access)})", "called from here")]
        if first["locks"]:
            where += [spot for lock in first["locks"] + second["locks"] for spot in self._spots(lock["since"][:1], f"takes {self._name(lock)}")
                      + self._spots(lock["made"][:1], "makes this lock")]
        return Failure(message, ONE_LOCK, unique(where), [("What can come of it", [consequence(first, second, store)])])

    def _waits(self, found):
        call = next((each for each in found if each["places"]), found[0])
        lock = self._name(call["lock"])
        where = [spot for each in [call, *found] for spot in self.evidence.own_file_first(
                     self._spots(each["places"], f"calls {each['call']}() while it holds {self._name(each['lock'])}"))[:2]]
        where[2:2] = self._spots(call["lock"]["since"][:1], f"takes {lock}")
        return Failure(f"{self._whose(call)} calls {call['call']}() at {place(call['places'])} while it holds {lock}, "
                       f"taken at {place(call['lock']['since'])}",
                       "nothing that may block (send, recv, accept, connect, sleep, a blocking queue or join) is called while the lock is held",
                       unique(where), [("What can come of it", [
                           "As long as this call lasts nobody gets the lock: nobody can join or leave, and nobody is heard."])],
                       LET_GO if any(each["call"] == "recv" for each in found) else None)

    def _was_free(self, release):
        lock = self._name(release["lock"])
        return Failure(f"{self._whose(release)} releases {lock} at {place(release['places'])}, and does not hold it", "a thread releases the lock when it has taken it, and once",
                       unique(self._spots(release["places"], f"releases {lock}, which was free")), [("What can come of it", [
                           "Another thread may hold it just then, or take it next: two are at the members at the same time, as if there were no lock."])])

    def _opposite(self, pair):
        words = [f"{self._whose(each)} takes {self._name(each['first'])} at {place(each['first']['since'])} and then "
                 f"{self._name(each['second'])} at {place(each['second']['since'])}" for each in pair]
        where = [spot for each in pair for lock in ("second", "first") for spot in self._spots(
            each[lock]["since"][:1], f"takes {self._name(each[lock])} as the {lock}")]
        return Failure("; ".join(words), "two locks are taken in the same order everywhere",
                       unique(where), [("What can come of it", [
                           "Each may have taken its first lock when it asks for the second: both wait for ever (a deadlock)."])])

    def _whose(self, thread, other=None):
        if other and thread["thread"] == other["thread"]:
            return "it"
        return self.evidence.owner(thread)

    def _holding(self, access):
        return f"holding {self._names(access)}" if access["locks"] else "with no lock held"

    def _names(self, access):
        return " and ".join(self._name(lock) for lock in access["locks"])

    def _name(self, lock):
        return lock_name(self.evidence, lock)

    def _spots(self, places, what):
        return self.evidence.spots(places, what)


def how_telling(race):
    """Sorts races: first one place without a lock against another with one, changes before looks."""
    bare = [access for access in race["accesses"] if not access["locks"]]
    return {1: 0, 2: 1, 0: 2}[len(bare)], not any(access["changes"] for access in bare), any(
        access["op"] in ("read", "bind") for access in race["accesses"])


def places_of(race):
    return {(*map(tuple, access["places"][:1]), bool(access["locks"])) for access in race["accesses"]}


def store_name(name):
    """What the student's code calls it; a private name as it is written there, see "Private name mangling" in Python's language reference."""
    return f"`{re.sub(r'[.]_[A-Z][A-Za-z0-9]*__', '.__', name)}`" if name else "the members"


def does(access, store):
    return DOES.get(access["op"], f"calls {access['op']}() on {{}}").format(store)


def consequence(first, second, store):
    """What can come of these two accesses at once, in one sentence."""
    ops = {first["op"], second["op"]}
    change = next((access for access in (second, first) if access["changes"]), first)
    look = first if change is second else second
    if ops & {"bind", "read"}:
        return (f"What another thread changes in {store} between the moment when one looks at it and the moment when it is bound anew "
                "is lost: somebody who has joined hears nothing, or somebody who has left stays.")
    if ops & GOING_THROUGH:
        return (f"While {place(look['places'])} goes through {store}, {place(change['places'])} may change it: "
                "RuntimeError (changed size during iteration), or somebody misses the message or gets it twice.")
    if ops & LOOKING:
        return (f"What {place(look['places'])} has seen may be no longer true when it acts on it: "
                "two may find the same nick free, or one may look for an entry that has just gone.")
    return "Both at once: each acts on what the other is about to change; an entry may be lost, stay for ever, or be removed twice (KeyError)."
