"""Mixed load: the players of a story act against a student's server, and what they hear is held against the model."""

import collections
import contextlib

from .clients import WAIT, Later
from .faults import thinned
from .members import RoomMember, is_chat
from .messages import LONGEST_LINE, line
from .model import DOES, GOING, LISTENER, NAMES, SLOW, Event, Heard, Room, Share, Step, is_alone, resolved, wanted
from .seen import is_consumed

FLOODS, LONG, FILLING = (8, 24), 60_000, "z"  # chats, and characters of each
MOST_POINTS = 80  # at which a thread may be late, from what it was sent to its next recv or send
MOST_ENDS = 1000  # that a server may read of one stream, and go on
MOST_SECONDS = 15  # in which a server that moves may come to rest
REFUSED = ({"type": "dance"}, {"type": "chat"}, {"type": "chat", "text": 5}, {"type": "join"}, {"type": "join", "user": ""}, {})
BAD = (b"hello\n", b'["chat", "hello"]\n', b'{"type": "chat", "text": "\xff"}\n', b'{"type": "chat", "text": "' + b"x" * LONGEST_LINE + b'"}\n',
       b"\0\n", b"x" * (LONGEST_LINE + 4464), b'{"type": "chat", "text": "\xd0"}\n')
TAILS = "", " and more", " Привет 🎉", '\n"quoted"', " " + "y" * 3000


class Player(RoomMember):
    """A client of a story."""

    def did(self, what, arrow="--"):
        super().did(f"a chat of {LONG:,} characters" if FILLING * 20 in what else what, arrow)

    def heard(self):
        """All that has come and was not judged yet."""
        self.catches_up()
        return Heard([(message["user"], message["text"]) for _, message in self.inbox if is_chat(message)],
                     [message["text"] for _, message in self.inbox if message.get("type") == "system"])

    def where(self, which):
        """The offset of the so-many-th chat, or of the last system message about a nick."""
        if isinstance(which, int):
            return [offset for offset, message in self.inbox if is_chat(message)][which]
        return self.system_messages(which)[-1][0]


class Load:
    """Stories, one after another, on one server, in which nobody is but the listener.

    hasty: what has not come when the server has come to rest is not waited for; enough to
    look for the shortest story, not for a verdict.
    """

    def __init__(self, server, hasty=False):
        self.server, self.hasty = server, hasty
        server.kind = Player
        self.listener = server.witness
        self.listener.forgets_system_messages()
        self.said = collections.Counter()
        self.reached = dict.fromkeys(DOES, MOST_POINTS)  # at how many points a thread that serves this can be late
        self.before = server.counts()
        # A main thread that only waits for the end, in a call that is not watched, stands where it stands now whenever nothing is to be done.
        self.idle = [thread for thread in server.state()["threads"] if thread["main"] and not thread["call"]]
        self.moments = 0  # that the story has got to

    def goes_through(self, story):
        """Do all of it, then let all who are there leave. Raises Failure."""
        self.room = Room()
        self.players = {}  # name -> Player, of those connected
        self.cut_off = set()  # players whom the server has cut off, and who have not noticed
        self.undecided = set()  # nicks of those whom it may be about to cut off: what is told of them is judged when that is known
        self.pieces = {}  # player -> (the bytes of its line still to come, its text)
        self.owed = collections.defaultdict(list)  # player that does not read -> the Shares of what it has not read
        moments = enumerate(story, 1)
        for self.moments, moment in thinned(moments) if any(moment.late for moment in story) else moments:
            if moment.late > self.reached[moment.steps[0].does]:
                continue
            self._prepares(moment)
            steps = self.room.possible([step for step in moment.steps if step.who not in self.cut_off])
            if steps:
                self.does(steps, moment.late)
            for name in self.cut_off & {step.who for step in moment.steps}:
                self._notices_its_end(name)
        for name in sorted(self.cut_off):
            self._notices_its_end(name)
        for name in list(self.players):
            self.does([Step(name, "leaves")])
        self.server.is_back_to(self.before, "all have left")
        self.server.clients[:] = [self.listener]

    def _prepares(self, moment):
        """Let those come who are to do what only a member can do, and when a join is what matters, those go who are in."""
        for step in moment.steps:
            if step.who in self.cut_off:
                continue
            if moment.late and step.does == "joins" and step.who in self.room.nicks:
                self.does([Step(step.who, "leaves")])
            if self.room.is_here(step.who):
                continue
            if step.does in ("chats", "sends a piece", "stalls", "floods") or step.does in GOING and step.more % 4:
                nick = self.room.free_nick(step.who)
                self.does([Step(step.who, "joins", NAMES.index(nick) - NAMES.index(step.who))])

    # -------------------------------------------------- acting

    def does(self, steps, late=0):
        """Do these steps at once, and judge what everybody hears."""
        for step in steps:
            if step.who not in self.players:
                self.players[step.who] = self.server.slow_client(step.who) if step.who == SLOW else self.server.client(step.who)
        done, held = [], ()
        if any(step.does == "floods" for step in steps):
            late = 0  # or all of it would come to those who read at once
        with contextlib.ExitStack() as stack:
            if late:
                hold = stack.enter_context(self.server.holds("end" if steps[0].does == "breaks off" else "recv", self.players[steps[0].who], late))
            for step in steps:
                done.append((step, self._acts(step)))
                if late and step is steps[0]:
                    held = hold.caught(self._rests)
                    if held:
                        self.players[step.who].did("is served by a thread that is late just now")
                    else:
                        self.reached[step.does] = late - 1
            if held:
                self.server.waits_until(lambda: self._rests(held), 1)
        self._judges(done)

    def _acts(self, step):
        """Do this step; return the texts that are said by it."""
        player, more, texts = self.players[step.who], step.more, []
        may_end = step.who in self.room.stalled
        if step.who in self.pieces and step.does not in ("finishes", "breaks off", "stalls", "reads"):
            data, text = self.pieces.pop(step.who)
            player.sends_bytes(data if step.does != "sends a bad line" else data[:-1], may_end=may_end)
            if step.does != "sends a bad line":
                texts.append(text)
            if step.does == "sends a piece":
                return texts
        match step.does:
            case "joins":
                player.sends({"type": "join", "user": wanted(step)}, may_end=may_end)
            case "is refused":
                player.sends(REFUSED[more % len(REFUSED)], may_end=may_end)
            case "chats":
                texts.append(self._new_text(step.who, TAILS[more % len(TAILS)]))
                player.sends({"type": "chat", "text": texts[-1]}, may_end=may_end)
            case "sends a piece":
                text = self._new_text(step.who, " Привет")
                data = line({"type": "chat", "text": text})
                cut = 1 + more * 7 % (len(data) - 1)
                player.sends_bytes(data[:cut], may_end=may_end)
                self.pieces[step.who] = data[cut:], text
            case "floods":
                before = [(reader, reader.received) for reader in self._readers() if reader is not player]
                for _ in range(FLOODS[more % 2] if self.room.stalled else 1):  # one that is merely long, if that fills nobody's buffers
                    texts.append(self._new_text(step.who, " " + FILLING * LONG))
                    # Those who read and are in, as one is who has heard of this already, keep up: they are not to be taken for some that do not read.
                    keep_up = [(reader, reader.received + LONG) for reader, count in before if reader is self.listener or
                               reader.name == SLOW in self.room.nicks or reader.received > count + LONG]
                    player.sends({"type": "chat", "text": texts[-1]}, may_end=may_end)
                    self.server.waits_until(lambda: self._rests() or all(reader.end or reader.received >= most for reader, most in keep_up), WAIT)
            case "leaves":
                player.sends({"type": "leave"}, may_end=may_end)
            case "finishes":
                player.half_closes()
            case "breaks off":
                player.resets(unnoticed=True)
            case "sends a bad line":
                player.sends_bytes(BAD[more % len(BAD)], may_end=True)
            case "stalls":
                player.stops_reading()
            case "reads":
                player.reads_again()
        if step.does in GOING:
            self.pieces.pop(step.who, None)
        return texts

    def _new_text(self, name, tail):
        self.said[name] += 1
        return f"{name} {self.said[name]}{tail}"

    # -------------------------------------------------- until it rests

    def _readers(self):
        return [self.listener, *(player for name, player in self.players.items() if player.sock.fileno() >= 0 and
                                 name not in self.cut_off and name not in self.room.stalled)]

    def _rests(self, held=(), untimed=False):
        """Has the server done all that it was asked for, and has everybody who reads got all that it sent?

        untimed: and does none of its threads wait for the time, but perhaps for a newcomer?
        """
        readers = self._readers()
        for reader in readers:
            reader.has_message()  # or one is sent for ever, which ends here
        state = self.server.rests([*held, *self._main_thread()])
        if not state:
            return not untimed and (self.server.program.lost or self.server.program.ended)
        if untimed and any(thread["timed"] and thread["call"] != "accept" for thread in state["threads"]):
            return False
        sent = {one["peer"]: one["sent"] for one in state["connections"]}
        return all(reader.end or sent.get(reader.port, reader.received) == reader.received for reader in readers)

    def _main_thread(self):
        """The main thread, as one that is held, if it stands where it has stood when nobody was there, and all that was sent is taken."""
        if not self.idle:
            return []
        state, clients = self.server.state(), {one.port: one for one in self.server.clients}
        if any(one["open"] and not is_consumed(one, clients) for one in state["connections"]):
            return []
        return [{"thread": thread["id"]} for thread in state["threads"] for idle in self.idle
                if (thread["id"], thread["call"], thread["places"]) == (idle["id"], "", idle["places"])]

    # -------------------------------------------------- judging

    def _judges(self, done):
        """Wait for what is certain, find out what was not, and hold what everybody heard against it."""
        steps = [step for step, _ in done]
        events, answers, open_joins = self.room.events(done)
        self.room.piles_up(events)
        going = {step.who: step.does for step in steps if step.does in GOING}
        self._comes_to_rest()
        for step in open_joins:
            self._find_out(step, events, answers)
        self.undecided.clear()
        for name in self.room.stalled:
            if name not in going and self.room.may_be_cut_off(name):
                self._find_cut_off(name, events)
        self._is_judged(self.listener, [Share(LISTENER, "stays", events)])
        events = resolved(events, self.listener.heard().without(self.undecided))
        self._puts_away(self.listener)
        self._one_of_them(open_joins, events)
        members = set(self.room.nicks)
        self.room.takes_in(events, steps)
        for name, player in list(self.players.items()):
            part = "stays" if name in members and name in self.room.nicks else "stranger" if name not in members | set(self.room.nicks) \
                and name not in going else "comes or goes"
            share = Share(name, part, events, answers[name])
            if name in self.owed or name in self.room.stalled or name in self.cut_off:
                share.late = True
                self.owed[name].append(share)
            if name in self.room.stalled or name in self.cut_off:
                continue
            if going.get(name) != "breaks off":
                shares = self.owed.pop(name, [share])
                self._is_judged(player, shares, name in going)
                self._puts_away(player, answers[name], [event for each in shares if each.late for event in each.events])
            if name in going:
                self._closes(name)

    def _is_judged(self, player, shares, goes=False):
        """Wait until it has heard all that it must; it has heard nothing else. goes: until its connection ends."""
        share, hidden = joined(shares, player.name), self.undecided
        if share.answers or share.late:
            hidden = ()  # an answer may name them
        if goes:
            share.part = "cut off" if share.late else "comes or goes"

        def heard():
            return player.heard().without(hidden)

        def done():
            return heard() and (player.end if goes else not share.missing(heard()))

        if not done():
            should = f"the server closes {player}'s connection" if goes else f"{player} gets {share.missing(heard())}"
            was = Later(lambda: (f"the server did not close {player}'s connection" if goes else
                                 f"{player} did not get {share.missing(heard())}") + self._meanwhile())
            if self.hasty and not goes and not player.end and self._rests(untimed=True) and not done():
                raise self.server.failure(str(was), should, client=player)
            with self.server.while_it_reads_nothing(self.players[next(iter(self.room.stalled))]) if self.room.stalled else contextlib.nullcontext():
                player.waits(done, should, was, beside=[other for other in self._readers() if other is not player])
        wrong = share.wrong(heard())
        if wrong:
            words, which = wrong
            raise self.server.failure(f"{player} got {words}", "each member hears what the others say and what becomes of them, once, and nothing else",
                                      client=player, offset=player.where(which))

    def _puts_away(self, player, answers=0, late=()):
        """All that it has heard has been judged, but what is told of those whose fate is not known yet. late: the events of which it has heard only now."""
        known, kept = collections.Counter(event.nick for event in late if event.kind != "said"), []
        for offset, message in player.inbox:
            about = next((nick for nick in self.undecided if message.get("type") == "system" and is_alone(nick, message["text"])), None)
            if known[about]:
                known[about] -= 1
            elif about and not answers:
                kept.append((offset, message))
        player.inbox[:] = kept

    def _comes_to_rest(self):
        """Wait until the server rests, or until nothing has moved for a second."""
        before = None
        for _ in range(MOST_SECONDS):
            if self.server.waits_until(self._rests, 1):
                break
            if before == (before := self._moved()):
                self._is_over_with_the_ended()
                break

    def _is_over_with_the_ended(self):
        """Nothing moves, and the server does not rest: expect that it does not spend its time at the end of somebody's stream."""
        ends = {one["peer"]: one["ends"] for one in self.server.state()["connections"]}
        for player in self.players.values():
            if ends.get(player.port, 0) > MOST_ENDS and player.name not in self.room.stalled:
                raise self.server.failure(f"the server reads again and again after the end of {player}'s stream",
                                          "the end of the stream ends the connection, and the thread that reads from it", client=player)

    def _moved(self):
        """How many bytes have been sent and received on each connection."""
        return [(one["peer"], one["sent"], one["received"]) for one in self.server.state()["connections"]]

    def _meanwhile(self):
        return f", while {' and '.join(self.room.stalled)} does not read" if self.room.stalled else ""

    def _find_out(self, step, events, answers):
        """Has this player got the nick, which it might or might not? It says something: that is heard, or answered."""
        player = self.players[step.who]
        text = self._new_text(step.who, " is in?")
        player.says(text)

        def heard():
            return (wanted(step), text) in self.listener.heard().chats

        # The join has an answer, too, and one who has just come may be told of others: being heard is what counts, for as long as it may still come.
        player.waits(lambda: heard() or len(player.heard().system) > 1, f"what {player} says is heard, or answered by a system message",
                     f"what {player} said was neither heard nor answered", beside=[self.listener])
        self._comes_to_rest()
        if heard():
            events += [Event("joined", step.who, wanted(step)), Event("said", step.who, wanted(step), text)]
        else:
            answers[step.who] += 2

    def _one_of_them(self, open_joins, events):
        """Of those who ask for one free nick exactly one gets it."""
        for nick in {wanted(step) for step in open_joins}:
            asked = [step.who for step in open_joins if wanted(step) == nick]
            got = [event.who for event in events if event.kind == "joined" and event.nick == nick]
            was_free = nick not in self.room.nicks.values()
            if len(got) > 1 or was_free and not got:
                raise self.server.failure(f"of {' and '.join(asked)}, who ask for the nick {nick!r} at once, {' and '.join(got) or 'nobody'} got it",
                                          "exactly one gets the nick", client=self.players[asked[0]])

    def _find_cut_off(self, name, events):
        """Has this member, which does not read, been cut off?"""
        player, nick = self.players[name], self.room.nicks[name]
        has_another = any(event.kind == "joined" and event.nick == nick for event in events)
        if self.server.has_closed(player) or self.listener.heard().told_of_alone(nick) or has_another:
            for event in events:
                event.certain = event.certain and event.who != name
            events.append(Event("left", name, nick))
            self.cut_off.add(name)
            player.did("has been cut off")
        else:
            self.undecided.add(nick)

    def _notices_its_end(self, name):
        """One that was cut off reads again: it finds the beginning of what was sent to it, and the end."""
        player = self.players[name]
        player.reads_again()
        self._is_judged(player, self.owed.pop(name, [Share(name, "cut off", [], late=True)]), goes=True)
        self._closes(name)
        self.cut_off.discard(name)

    def _closes(self, name):
        self.players.pop(name).sock.close()
        self.owed.pop(name, None)
        self.pieces.pop(name, None)  # the rest of a message came too late


def joined(shares, who):
    """Several shares of one player, one after another, as one."""
    if len(shares) == 1:
        return shares[0]
    return Share(who, "stays", [event for share in shares for event in share.events], sum(share.answers for share in shares), True)
