"""Does it go wrong? Two accesses that race are made to happen at once, in a fresh run of the program.

One thread is held at its access (in the middle of a walk, after a look, before a change),
another makes the other access meanwhile, and the first goes on: what any system may do.
That may show what comes of it. It may also show that the one access cannot happen during
the other: then the program has a lock of its own making, which nobody had seen. Two may
still pass that lock together, when one is late between its look and its taking; that is
tried then.
"""

import time

from .clients import WAIT
from .evidence import is_a, place
from .faults import MOST_POINTS, Hold, Stop
from .members import is_chat
from .seen import WAITS, connection_of, reader_of
from .verdict import Failure, Unknown

SECONDS = 4  # for all that is tried, once an access was seen to be possible during another
MOST_SECONDS = 60
MOST_GAPS = 300  # points at which is looked, in all, whether two can come in together
GAP_SECONDS = 20  # that this may take
NAMES = "dave erin frank gina henry ida jack kate leo mia nora olga paul quinn rosa sam tina uma victor wendy".split()
MOST_SHOWN = 4  # races that are tried when nothing is seen to go wrong
LOOKS = {"__contains__", "__getitem__", "get", "__len__", "len", "__eq__", "read", "copy"}
REACHED, EXCLUDED, UNSEEN, ELSE = "reached", "excluded", "waits for what is not seen", "neither"


class Scene:
    """Something that a client may do, which makes the program touch its members."""

    def __init__(self, words, joins, act):
        self.words, self.joins, self.act = words, joins, act

    def enter(self, room, name):
        """The client who will act, as far as it is before."""
        client = room.client(name)
        client.wanted = name
        if self.joins:
            client.joins()
            room.is_through_with(client)
        return client


def meets_the_dead(client):
    dead = client.server.client(f"a friend of {client}").joins()
    client.server.is_through_with(dead)
    client.server.cannot_send_to(dead, "EPIPE")
    client.says(f"{client} speaks")


JOINS = Scene("joins", False, lambda client: client.asks_for(client.wanted))
SPEAKS = Scene("says something", True, lambda client: client.says(f"{client} speaks"))
GOING = [Scene("leaves", True, lambda client: client.leaves()), Scene("breaks off", True, lambda client: client.resets(unnoticed=True)),
         Scene("half-closes", True, lambda client: client.half_closes())]
UNHEARD = GOING[1:]  # of whom nothing is received
SCENES = [SPEAKS, JOINS, *GOING,
          Scene("asks for a nick that is taken", False, lambda client: client.asks_for("walter")),
          Scene("says something to somebody who is dead", True, meets_the_dead),
          Scene("asks for something odd", True, lambda client: client.sends({"type": "join", "user": "walter"}))]


class Rehearsal:
    """A fresh run of the program, in which races are tried.

    server: started, of the same files; races: as the witness tells them; does: what an
    access does, in words.
    """

    def __init__(self, server, races, does):
        self.server, self.races, self.does = server, races, does
        self.began = time.monotonic()
        self.scenes = {}  # (op, number of locks, place) -> the scene in which a thread comes there, or None
        self.count = 0
        self.found = {}  # number of a race -> what was found when it was tried
        self.story = []  # what was seen to go wrong, as lines
        self.gaps, self.gap_seconds = 0, 0.0  # where was looked for it, and how long
        self.gap = ()  # where a thread was late that two could come in

    def run(self):
        """Try them. `found` and `story` say then what has come of it."""
        try:
            self.bystanders = [self.server.witness, *(SPEAKS.enter(self.server, name) for name in ("alice", "bob"))]
            for number, race in enumerate(self.races):
                orders = [self.tries(first, second, race["store"]) for first, second in (race["accesses"], race["accesses"][::-1]) if not self.story]
                self.found[number] = REACHED if REACHED in orders else EXCLUDED if set(orders) == {EXCLUDED} else UNSEEN if UNSEEN in orders else ELSE
                if self.story or UNSEEN in orders or self.is_late() or list(self.found.values()).count(REACHED) >= MOST_SHOWN:
                    return
        except (Failure, Unknown):  # the room is no more what it was: nothing more can be told of it
            disturbed = [error for error in self.server.program.uncaught if error["error"].endswith("during iteration")]
            self.story = self.who_died(disturbed) if disturbed else []

    def is_late(self):
        return time.monotonic() > self.began + (SECONDS if REACHED in self.found.values() else MOST_SECONDS)

    def is_excluded(self):
        """Was each of these races seen to be impossible, in both orders?"""
        return len(self.found) == len(self.races) and set(self.found.values()) == {EXCLUDED}

    def possible(self):
        """The races that were not seen to be impossible."""
        return [race for number, race in enumerate(self.races) if self.found.get(number) != EXCLUDED]

    def may_be_excluded(self):
        """Was one at least seen to be impossible, or kept out by what is not seen, and none to happen?"""
        return not {EXCLUDED, UNSEEN}.isdisjoint(self.found.values()) and REACHED not in self.found.values() and not self.story

    # -------------------------------------------------- one race

    def tries(self, first, second, store):
        """Hold a thread at its first access and let another come to the second."""
        scenes = self.scene_of(first), self.scene_of(second)
        if not all(scenes):
            return ELSE
        one, other = (scene.enter(self.server, self.name()) for scene in scenes)
        members, step = self.bystanders[:], 2
        if scenes[1] in GOING:  # whom a walk through a list has passed: the one behind him moves up
            members.append(SPEAKS.enter(self.server, self.name()))
            step = len(members) + sum(scene.joins for scene in scenes)
        if first["op"] in LOOKS:
            other.wanted = one.wanted  # both may find it free
        errors = len(self.server.program.errors)
        with Stop(self.server.program, first, one if first["peer"] else None, step) as late:
            scenes[0].act(one)
            if not late.caught(self.server.rests, seconds=WAIT):
                return ELSE
            with Stop(self.server.program, second, other if second["peer"] else None) as meanwhile:
                scenes[1].act(other)
                reached = meanwhile.caught(lambda: self.server.rests(but=late.held), seconds=WAIT)
                state = self.server.waits_until(lambda: self.server.rests(but=late.held), 1)
                waits = not reached and state and self.waits(other, late.held[0], first, second, state)
            self.server.waits_until(lambda: self.server.rests(but=late.held), 1)
        if not self.server.waits_until(self.server.rests, 1):
            return REACHED if reached else ELSE
        wrong = reached and self.what_went_wrong(errors, list(zip(scenes, (one, other))), members)
        if wrong:
            self.story = [f"{one} {scenes[0].words}; the thread that {self.does(first, store)} at {place(first['places'])} is late just there.",
                          f"{other} {scenes[1].words}; the thread that {self.does(second, store)} at {place(second['places'])} is not.",
                          *wrong]
        self.leave(one, other, *members[len(self.bystanders):])
        if waits and first["peer"] and scenes[0] not in UNHEARD and self.both_come_in(first, second, scenes, store):
            return REACHED
        return REACHED if reached else EXCLUDED if waits else ELSE if state else UNSEEN  # it came to rest only when the first went on

    def both_come_in(self, first, second, scenes, store):
        """The one access seems to keep the other out. Does it also when a thread is late on its way there? If not, `story` and `gap` say so."""
        began, spent = time.monotonic(), self.gap_seconds
        for point in range(1, MOST_POINTS):
            self.gap_seconds = spent + time.monotonic() - began
            if self.gaps >= MOST_GAPS or self.gap_seconds > GAP_SECONDS:
                return False
            self.gaps += 1
            one, other = (scene.enter(self.server, self.name()) for scene in scenes)
            errors = len(self.server.program.errors)
            with Hold(self.server.program, "recv", one, point) as late, Stop(self.server.program, first, one, 1) as here:
                scenes[0].act(one)
                if not late.caught(lambda: here.held or self.server.rests(), seconds=WAIT):
                    return False  # it has come to the access, past all points before
                with Stop(self.server.program, second, other if second["peer"] else None) as there:
                    scenes[1].act(other)
                    is_there = there.caught(lambda: self.server.rests(but=late.held), seconds=WAIT)
                    late.release()
                    came = is_there and here.caught(lambda: self.server.rests(but=there.held), seconds=WAIT)
                self.server.waits_until(lambda: self.server.rests(but=late.held), 1)
            self.server.waits_until(self.server.rests, 1)
            self.leave(one, other)
            died = [error for error in self.server.program.errors[errors:] if is_there and late.held.where[0] in error["where"]]
            deaths = self.who_died(died) if died else []
            if came or deaths:
                self.gap = late.held.where
                self.story = [f"{one} {scenes[0].words}; its thread is late at {place(self.gap)}.",
                              f"{other} {scenes[1].words}; the thread that {self.does(second, store)} at {place(second['places'])} is just there.",
                              f"The first goes on, and {self.does(first, store)} at {place(first['places'])} while the other is still there."
                              if came else "The first goes on.", *deaths]
                return True
        return False

    def scene_of(self, access):
        """The scene in which a thread comes to this access, or None."""
        key = access["op"], len(access["locks"]), *access["places"][0][:2]
        if key not in self.scenes:
            self.scenes[key] = next((scene for scene in SCENES if self.comes_there(access, scene)), None)
        return self.scenes[key]

    def comes_there(self, access, scene):
        if self.is_late():
            return False
        client = scene.enter(self.server, self.name())
        with Stop(self.server.program, access, client if access["peer"] else None) as stop:
            scene.act(client)
            caught = stop.caught(self.server.rests, seconds=WAIT)
        self.server.waits_until(self.server.rests, 1)
        self.leave(client)
        return bool(caught)

    def waits(self, client, held, first, second, state):
        """Does the thread of this client wait for another thread in this state, and does that say more than the locks that were seen?

        Where each of the two accesses was seen under a lock, but under another one, both may
        come under the same lock here: what that lock keeps out now it did not keep out then.
        """
        thread = reader_of(client, state)
        looks_again = bool(thread) and thread["call"] in ("sleep", "nap") and not connection_of(client, state)["found_nothing"]  # and not for what the client sends
        thread = thread if thread and (thread["call"] in WAITS or looks_again) else None
        late = next((thread for thread in state["threads"] if thread["id"] == held["thread"]), {})
        locks = [lock["lock"] for lock in late.get("holds", ())]
        is_known = thread and thread["call"] == "lock" and thread.get("waits_for") and thread["waits_for"]["lock"] in locks
        return bool(thread) and not (is_known and second["locks"] and len(first["locks"]) == len(locks))

    def name(self):
        rounds, at = divmod(self.count, len(NAMES))
        self.count += 1
        return NAMES[at] + (f" {rounds + 1}" if rounds else "")

    def leave(self, *clients):
        for client in clients:
            if not client.finished:
                client.closes()
        self.server.waits_until(self.server.rests, 1)

    # -------------------------------------------------- what came of it

    def what_went_wrong(self, errors, acted, members):
        """What two threads did at once is over: what is wrong now, as lines."""
        return (self.who_died(self.server.program.errors[errors:]) or self.who_missed(members, [client for scene, client in acted if scene is SPEAKS])
                or self.who_is_in([client for scene, client in acted if scene is JOINS])
                or self.who_stays([client for scene, client in acted if scene in GOING]))

    def who_died(self, errors):
        """What is said of these errors, of which threads have died."""
        if self.server.program.crash:
            return [f"{self.server.program.crash['error']}: the whole server stops."]
        return [f"A thread dies at {place(error['where'])}: {error['error']}." for error in errors
                if not is_a(error["error"], OSError)]

    def who_missed(self, members, speakers):
        lines = []
        for speaker in speakers:
            for member in members:
                member.forgets_system_messages()  # which takes in all that has come
                heard = sum(is_chat(message) and message["text"] == f"{speaker} speaks" for _, message in member.inbox)
                if heard != 1:
                    lines.append(f"{member}, who was there all the time, {'hears it twice' if heard else 'never hears it'}.")
        return lines

    def who_is_in(self, clients):
        there = [client for client in clients if client.is_in()]
        if len(there) > 1:
            if there[0].nick == there[1].nick:
                return [f"Both are in the room as {there[0].nick!r}."]
        elif clients and not there:
            return [f"{' and '.join(map(str, clients))} asked for a nick that was free, and got none."]
        self.bystanders[1].says("welcome")
        self.server.is_through_with(self.bystanders[1])
        return [f"{client} is in the room and hears nothing." for client in there
                if self.server.waits_until(self.server.rests, 1) and not client.takes_chat("welcome")]

    def who_stays(self, gone):
        lines = []
        for client in gone:
            heir = self.server.client(self.name())
            heir.asks_for(client.nick)
            if not heir.is_in():
                lines.append(f"{client} has gone, and the nick is still taken.")
            self.leave(heir)
        return lines
