"""The room in the model: what the contract asks when many things happen at once.

A story is a list of moments, a moment some steps of the players. The steps of one
moment are done without waiting in between, so those of different players may be
served in any order, those of one player in theirs; between two moments the server
comes to rest. The model follows who is in, and says of each moment what becomes of
it: which events there are, and which of them are certain. The rules that it holds
what was heard against are few:

- a member that stays hears all that is certain of the others, once, each sender's
  chats in their order, and nothing else; of what is not certain it hears as much as
  all the others do;
- somebody who comes or goes just then may hear any part of it, a stranger nothing;
- what is said before a reset or a bad line, in the same moment, may be lost, from
  some point on;
- of those who ask for one free nick exactly one gets it; while its holder is going it
  may be had or not;
- a member that does not read misses nothing, or is cut off: not before its buffers
  can be full, then at any time. It is a leaving like any other.
"""

import collections
from dataclasses import dataclass

NAMES = "alice", "bob", "carol", "dave"  # the players, and the nicks that they ask for
GOING = "leaves", "finishes", "breaks off", "sends a bad line"
DOES = ("joins", "chats", "sends a piece", "is refused", *GOING, "stalls", "reads", "floods")
SLOW = "dave"  # who is at the end of a narrow line, see Server.slow_client
LISTENER = "walter"  # a member that does nothing but read
OVERHEAD = 40  # bytes of a message beside its text, at least
FULL = 1000  # bytes that wait unread, before which no buffer is full, not even that of a narrow line


@dataclass(frozen=True)
class Step:
    """What one player does; more: in which of several ways."""

    who: str
    does: str
    more: int = 0

    def __str__(self):
        return f"{self.who} {self.does}"


@dataclass(frozen=True)
class Moment:
    """Steps that are done at once. late: at how many-th point the thread of the first one's player is held meanwhile, or 0."""

    steps: tuple
    late: int = 0

    def __str__(self):
        return " while ".join(map(str, self.steps)) + (f", late at point {self.late}" if self.late else "")


@dataclass
class Event:
    """What the others are to hear of: a member joined, said something (`text`) or left."""

    kind: str
    who: str
    nick: str
    text: str = ""
    certain: bool = True


class Room:
    """Who is in, and who is here without being in."""

    def __init__(self):
        self.nicks = {}  # of the members: player -> nick
        self.strangers = set()  # players that are connected and not in
        self.stalled = {}  # members that do not read -> the bytes that wait for them

    def is_here(self, who):
        return who in self.nicks or who in self.strangers

    def may_be_cut_off(self, who):
        return self.stalled.get(who, 0) >= FULL

    def free_nick(self, who):
        """The player's own name, or if another one has taken that, one that is free."""
        return next(nick for nick in (who, *NAMES) if nick not in self.nicks.values())

    def piles_up(self, events):
        """What is said now waits for those who do not read."""
        for who in self.stalled:
            self.stalled[who] += sum(len(event.text.encode()) + OVERHEAD for event in events if event.who != who)

    # -------------------------------------------------- what can be done

    def possible(self, steps):
        """Of these steps those that make sense now, in a moment of their own, as a list."""
        runs, leaving = {}, {self.nicks.get(step.who) for step in steps if step.does in GOING}
        for step in steps:
            run = runs.setdefault(step.who, [])
            if run and (run[-1].does in GOING or self._is_open(run[0], steps, leaving)):
                continue  # has gone, or may be in or not: what follows would mean nothing
            if step.does == "joins" and run and self._is_open(step, steps, leaving):
                continue
            member = step.who in self.nicks or any(each.does == "joins" and wanted(each) not in self.nicks.values() for each in run)
            if (step.does == "reads") != (step.who in self.stalled) and step.does in ("reads", "stalls"):
                continue
            if step.does in ("stalls", "floods", "chats", "sends a piece") and not member:
                continue
            if step.does in ("stalls", "reads") and run:
                continue
            run.append(step)
        kept = {id(step) for run in runs.values() for step in run}
        return [step for step in steps if id(step) in kept]

    def _is_open(self, step, steps, leaving):
        """Is this a join of which the moment decides?"""
        if step.does != "joins" or step.who in self.nicks:
            return False
        nick = wanted(step)
        holder = next((who for who in self.nicks if self.nicks[who] == nick), None)
        if holder in self.stalled and any(other.does == "floods" for other in steps):
            return True  # what fills its buffers may come first
        return nick in leaving or self.may_be_cut_off(holder) or not holder and any(
            other.does == "joins" and other.who != step.who and other.who not in self.nicks and wanted(other) == nick for other in steps)

    # -------------------------------------------------- what becomes of it

    def events(self, done):
        """What becomes of these possible steps: (events, {player: how many answers it gets}, open joins).

        done: [(step, the texts that were said by it)].
        """
        events, answers, open_joins = [], collections.Counter(), []
        steps = [step for step, _ in done]
        leaving = {self.nicks.get(step.who) for step in steps if step.does in GOING}
        for who in dict.fromkeys(step.who for step in steps):
            run = [(step, texts) for step, texts in done if step.who == who]
            kept = run[-1][0].does not in ("breaks off", "sends a bad line")  # or what goes before it may be lost
            nick = self.nicks.get(who)
            for step, texts in run:
                events += [Event("said", who, nick, text, kept) for text in texts]
                if step.does == "joins" and nick is None:
                    if self._is_open(step, steps, leaving):
                        open_joins.append(step)
                    elif wanted(step) in self.nicks.values():
                        answers[who] += kept
                    else:
                        nick = wanted(step)
                        events.append(Event("joined", who, nick, certain=kept))
                elif step.does in ("joins", "is refused"):
                    answers[who] += kept
                elif step.does in GOING:
                    joined_now = any(event.who == who and event.kind == "joined" for event in events)
                    if nick is not None:
                        events.append(Event("left", who, nick, certain=kept or not joined_now))
        return events, answers, open_joins

    def takes_in(self, events, steps):
        """Follow what has happened."""
        for event in events:
            if event.kind == "joined":
                self.nicks[event.who] = event.nick
            elif event.kind == "left":
                self.nicks.pop(event.who, None)
        self.strangers |= {step.who for step in steps}
        for step in steps:
            if step.does == "stalls":
                self.stalled[step.who] = 0
            elif step.does == "reads":
                del self.stalled[step.who]
            elif step.does in GOING:
                self.strangers.discard(step.who)
        self.strangers -= set(self.nicks)
        for who in set(self.stalled) - set(self.nicks):
            del self.stalled[who]


def wanted(step):
    """The nick that a join asks for: of the players' names the so-many-th after its own."""
    return NAMES[(NAMES.index(step.who) + step.more) % len(NAMES)]


def resolved(events, heard):
    """Of these events those that happened, now that one who stays has heard so much of it: all certain then."""
    happened = [event for event in events if event.certain or heard.of(event)]
    for event in happened:
        event.certain = True
    return happened


class Heard:
    """What has come to one player: chats [(user, text)] and the texts of system messages."""

    def __init__(self, chats, system):
        self.chats, self.system = chats, system

    def of(self, event):
        """Has it heard of this event?"""
        return (event.nick, event.text) in self.chats if event.kind == "said" else self.told_of(event.nick) > 0

    def told_of(self, nick):
        return sum(nick in text for text in self.system)

    def told_of_alone(self, nick):
        """How many system messages are about this nick and name no other one, as a list of all members does."""
        return sum(is_alone(nick, text) for text in self.system)

    def without(self, nicks):
        """The same, less the system messages about one of these nicks alone."""
        return Heard(self.chats, [text for text in self.system if not any(is_alone(nick, text) for nick in nicks)])


def is_alone(nick, text):
    """Does this text name this nick and no other one?"""
    return nick in text and not any(other in text for other in (LISTENER, *NAMES) if other != nick)


@dataclass
class Share:
    """What one player is to hear of some events.

    who: its name; part: "stays", "comes or goes", "stranger", or "cut off"; answers: how
    many of its messages are answered; late: does it only now read what came before?
    """

    who: str
    part: str
    events: list
    answers: int = 0
    late: bool = False

    def of_others(self, kind):
        return [event for event in self.events if event.who != self.who and event.kind == kind]

    def missing(self, heard):
        """What it has not heard yet and is to hear, in words, or None."""
        must = [event for event in self.events if event.certain and (
            event.who != self.who and self.part == "stays" or event.who == self.who and event.kind == "joined" and self.part != "cut off")]
        needed = collections.Counter()
        for event in must:
            if event.kind == "said" and not heard.of(event):
                return f"{shortened(event.text)} from {event.nick}"
            if event.kind != "said":
                needed[event.nick] += 1
                if heard.told_of(event.nick) < needed[event.nick]:
                    return f"a system message about {event.nick}, who {'has joined' if event.kind == 'joined' else 'has gone'}"
        if self.part != "cut off" and len(heard.system) < self.answers + max(needed.values(), default=0):
            return "a system message as an answer"
        return None

    def wrong(self, heard):
        """What is wrong with what it has heard: (in words, the chat's number or the nick); or None."""
        return self._wrong_chat(heard) or self._wrong_announcement(heard)

    def _wrong_chat(self, heard):
        said = {(event.nick, event.text): event for event in self.of_others("said")}
        own = {event.text for event in self.events if event.who == self.who and event.kind == "said"}
        come = collections.defaultdict(list)  # sender -> [(text, number)]
        for number, (user, text) in enumerate(heard.chats):
            words = f"{shortened(text)} from {user!r}"
            if text in own:
                return f"what it had said itself, {words}", number
            if self.part == "stranger" or (user, text) not in said:
                return f"{words}, {self._why_not(text)}", number
            if text in [text for text, _ in come[said[user, text].who]]:
                return f"{words} twice", number
            come[said[user, text].who].append((text, number))
        for who, got in come.items():
            texts = [event.text for event in said.values() if event.who == who]
            if self.part in ("stays", "cut off"):
                should = texts
            else:  # from some point on, or up to one; and in order
                should = [text for text in texts if text in [text for text, _ in got]]
            for (text, number), expected in zip(got, should):
                if text != expected:
                    return f"{shortened(text)} before {shortened(expected)}, which {who} had said first", number
        return None

    def _why_not(self, text):
        if self.part == "stranger":
            return "though it is not in the room"
        for event in self.events:
            if event.kind == "said" and event.text == text:
                return f"but {event.nick!r} said that"
        return "which nobody in the room has said since"

    def _wrong_announcement(self, heard):
        if self.late or self.answers and self.part != "stranger":
            return None
        events = [event for event in self.events if event.kind != "said"]
        for nick in NAMES:
            about = [event for event in events if event.nick == nick]
            told = heard.told_of_alone(nick)
            if self.part == "stranger" and about and told > self.answers:
                return f"a system message about {nick}, though it is not in the room", nick
            if self.part == "stays" and told and not about:
                return f"a system message about {nick}, who has neither come nor gone just then", nick
            if self.part == "stays" and told > len(about) and all(event.kind == "left" for event in about):
                return f"{told} system messages about {nick}, who has gone once", nick
        return None


def shortened(text):
    return repr(text) if len(text) <= 40 else f"{text[:20]!r}... ({len(text):,} characters)"
