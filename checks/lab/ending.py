"""What comes of Ctrl-C: what the members still get, whether the server ends in time, and how it ends.

The seconds that the contract gives a server are for waiting: time in which one of its
threads wanted a processor, or the disk, is not counted, for a busy machine gives it late.
"""

import contextlib
import select
import time

from .evidence import place, unique, without_the_kit
from .machine import Processors
from .members import is_chat
from .messages import line
from .story import cut, shown
from .verdict import Failure

MARGIN = 0.25  # seconds, on top of the contract's; where the system does not tell who waits for a processor, BLIND more
BLIND = 1.0
LONGEST = 15.0  # seconds, for a program that always wants a processor
SOON = 0.3  # seconds after which the server is taken to have noticed Ctrl-C, if it is not seen to wait before
POLLS = 1.0  # the same for one that looks now and then whether it is to stop
CALM = 0.3  # seconds in which no thread moves: then nothing more will come
LOOK_EVERY = 0.05  # seconds
SIP, SIP_EVERY = 2000, 0.2  # bytes that are read at a time by who reads a little now and then, and seconds


class Ending:
    """Ctrl-C was pressed; what came of it until the server's end, or until it was certain that there will be none in time.

    Clients who have stopped reading read nothing meanwhile, but for those who sip, which
    read a little now and then, and the late ones, who begin when the server waits, and not
    in the first `pause` seconds; meanwhile(): is called at that moment; then(): the same,
    and the server's seconds are counted from there, for until then it was held up.
    """

    def __init__(self, server, within, late=(), sips=(), then=None, meanwhile=None, pause=0.0):
        self.server, self.program, self.evidence = server, server.program, server.evidence
        self.within, self.late, self.sips, self.then, self.meanwhile, self.pause = within, list(late), list(sips), then, meanwhile, pause
        self.reading = [client for client in server.clients if client.reads and not client.finished]
        self.printed = self.program.printed
        self.processors = Processors(self.program.tree.pid)
        self.calm_since = None
        self.in_time, self.is_certain = True, False  # has it ended? or is it certain that it will not?
        server.ending = self
        self.stood = self._main_thread(server.ask("state"))
        server.story.add("the teacher", "--", "presses Ctrl-C")
        self.began = time.monotonic()
        self.program.press_ctrl_c()
        self._goes_on()
        self.still_runs = "the server still runs" + ("" if self.is_certain else f" {within:g} seconds") + " after Ctrl-C"
        if not self.in_time:
            self.still_runs += ", and that will not change" * self.is_certain + self.evidence.why_it_runs_on()
        self.keeps_it = [] if self.in_time else self.evidence.what_keeps_it_running()
        self._reads_the_rest()

    # -------------------------------------------------- until the end

    def _goes_on(self):
        noticed, look_at, sip_at = False, 0, 0
        while not self.program.ended:
            now = time.monotonic()
            self.processors.look(now)
            if not noticed and now > self.began + self.pause and self._has_noticed(now):
                noticed = True
                self._comes_to_it()
            if now > sip_at:
                sip_at = now + SIP_EVERY
                for client in self.sips:
                    client._fill(most=SIP)
            if now > look_at:
                look_at = now + LOOK_EVERY
                self.is_certain = noticed and not self.sips and self.server.is_quiet()
                if self.is_certain or now > self._deadline():
                    self.in_time = self.program.ended
                    return
            self._reads(0.005)
        if not noticed:
            self._comes_to_it()

    def _comes_to_it(self):
        if self.then:
            self.then()
            self.began = time.monotonic()
        if self.meanwhile:
            self.meanwhile()
        for client in self.late:
            client.reads_again()
        self.reading += self.late
        self.sips = [client for client in self.sips if client not in self.late]

    def _has_noticed(self, now):
        """Do all its threads wait after Ctrl-C, for a client, for each other or for time to pass?"""
        state = self.server.ask("state")
        if not state:
            return True
        polls = {thread["call"] or "select" for thread in state["threads"] if thread["timed"] or thread["waits"]} & {"accept", "select"}
        polls |= {thread["call"] for thread in state["threads"]} & {"signal"}
        held = {held["thread"] for held in self.program.held}
        waits = not self.processors.wanted() and not state["moving"] and all(
            thread["call"] or thread["waits"] or thread["id"] in held for thread in state["threads"])
        patience = POLLS if "accept" in polls or polls and not self.late else SOON  # select() may be the wait for who is late
        beside = any(thread["call"] in ("accept", "select") and thread["timed"] and not thread["main"] for thread in state["threads"])
        comes = self._main_thread(state) != self.stood and (self.late and not self.then or not beside)  # main may yet wait until another thread accepts no more
        return waits and (not polls or comes) or now - self.began > patience

    def _main_thread(self, state):
        """Where the main thread stands, which is the one that Ctrl-C interrupts."""
        return [(thread["call"], thread["places"]) for thread in (state or {"threads": ()})["threads"] if thread["main"]]

    def _deadline(self):
        """When the program must have ended, as things are now; on time.monotonic()'s clock."""
        more = MARGIN + self.processors.withheld() + BLIND * (not self.processors.known)
        return self.began + min(self.within + more, LONGEST)

    def is_calm(self):
        """Has no thread of the program run, or wanted to, since a while?"""
        now = time.monotonic()
        if self.processors.wanted():
            self.calm_since = None
            return False
        self.calm_since = self.calm_since or now
        return now - self.calm_since > (CALM if self.processors.known else BLIND)

    def _reads(self, seconds):
        """Read what is there for those who read, waiting at most so many seconds; return whether anything came."""
        open_ones = [client for client in self.reading if not client.end and not client.finished]
        if not open_ones:
            self.program.ends_within(seconds)
            return False
        ready = select.select([client.sock for client in open_ones], [], [], seconds)[0]
        return any([client._fill() for client in open_ones if client.sock in ready])

    def _reads_the_rest(self):
        while self._reads(0.2 if self.program.ended else 0):
            pass
        for client in self.reading if self.server.number > 2 else ():
            with contextlib.suppress(Failure):  # the story tells what each has got before its end; what is wrong with it is judged where it is asked for
                client.has_message()

    # -------------------------------------------------- the rules

    def was_in_time(self):
        """Expect that the program has ended within the time that it had."""
        if not self.in_time:
            if not self.is_certain:
                self.server.deadline_passed()
            failure = self.evidence.failure(self.still_runs, f"Ctrl-C stops the server within {self.within:g} seconds")
            failure.where = unique(self.evidence.where_it_failed() + self.keeps_it + failure.where)
            raise failure

    def was_clean(self):
        """Expect exit code 0 and no traceback."""
        self.was_in_time()
        should = f"on Ctrl-C server.py ends with exit code 0 within {self.within:g} seconds, and without a traceback"
        program = self.program
        program.wait_for(lambda: program.crash or program.exits or program.heard_out, 1)
        if program.exit_code:
            how = self.evidence.how_it_ended()
            how += "" if program.crash or "exit code" in how else f", exit code {program.exit_code}"
            raise self.evidence.failure(f"on Ctrl-C {how}", should)
        program.printed_all.wait(1)
        if "Traceback (most recent call last)" in program.printed_after(self.printed):
            last = without_the_kit(program.printed_after(self.printed)).strip().splitlines()[-1:]
            raise self.evidence.failure(f"on Ctrl-C server.py printed a traceback: {cut(' '.join(last))}", should, closed=True)

    def left_nobody(self):
        """Expect that no thread still ran when the program ended."""
        self.was_in_time()
        self.program.wait_for(lambda: self.program.heard_out, 1)
        if self.program.left:
            thread, *more = self.program.left
            others = f", and {len(more)} more" if more else ""
            how = f" by {self.program.exits['how']}" if self.program.exits and "_exit" in self.program.exits["how"] else ""
            failure = self.evidence.failure(f"when server.py ended{how}, {self.evidence.called(thread)} still ran, and was stopped in the middle"
                                            f"{self._at(thread)}{others}", "all threads of the server come to their own end")
            failure.where = unique(self._cut_off() + failure.where)
            raise failure

    def said_goodbye_to(self, member, texts=()):
        """Expect that the member got these chats, in this order and no others, then a system message, and then the end of the stream."""
        member._sort()
        should = f"on Ctrl-C {member} gets what was said before, then a system message, and then the end of the connection"
        chats = [entry for entry in member.inbox if is_chat(entry[1])]
        heard = [message["text"] for _, message in chats]
        if heard != list(texts):
            raise self._heard_wrong(member, chats, heard, list(texts), should)
        last = max((offset for offset, _ in chats), default=-1)
        told = [(offset, message["text"]) for offset, message in member.inbox if message.get("type") == "system"]
        after = [text for offset, text in told if offset > last]
        if not after and told:
            raise self._failure(f"{member} got {shown(told[-1][1].encode())} before {shortly(heard[-1])}, which had been said earlier",
                                should, member, offset=told[-1][0])
        if not after:
            failure = self._failure(f"{member} got no system message on Ctrl-C", should, member)
            failure.where = unique(self.evidence.where_it_was_ended() + failure.where)
            raise failure
        if all(self._is_about_another(text, member) for text in after):
            raise self._failure(f"{member} was told of others only, and not that the server stops: {cut(repr(after[-1]))}", should, member)
        if member.buffer:
            raise self._failure(f"{member}'s connection ended inside a message: {shown(bytes(member.buffer[:200]))}", should, member)
        if not member.end:
            raise self._failure(f"{member} got {cut(repr(after[-1]))}, and the connection is still open: {self.still_runs}", should, member)
        if member.end == "a reset":
            raise self._failure(f"{member}'s connection ended with a reset, not with the end of the stream", should, member)

    def let_go_of(self, client):
        """Expect that this client's connection has ended, in whatever way."""
        if not client.end:
            raise self._failure(f"{client}'s connection is still open: {self.still_runs}", "on Ctrl-C every connection is closed", client)

    # -------------------------------------------------- in words

    def _heard_wrong(self, member, chats, heard, texts, should):
        lost = [text for text in texts if text not in heard]
        if lost:
            rest = ", and then a part of one" if member.buffer else ""
            return self._failure(f"{member} got {len(texts) - len(lost)} of the {len(texts)} messages that were said before Ctrl-C{rest}; "
                                 f"{shortly(lost[0])} is lost", should, member)
        at = next((number for number, (one, other) in enumerate(zip(heard, texts)) if one != other), len(texts))
        why = "out of order or once more" if heard[at] in texts else "which nobody had said"
        return self._failure(f"{member} got {shown(line(chats[at][1]))}, {why}", should, member, offset=chats[at][0])

    def _is_about_another(self, text, member):
        """Does this text name one other member, and not this one?"""
        named = [nick for nick in {one.nick for one in self.server.clients if getattr(one, "nick", None)} if nick in text]
        return len(named) == 1 and named[0] != member.nick

    def _failure(self, message, should, member, offset=None):
        if self.in_time:
            self.program.wait_for(lambda: self.program.heard_out, 1)  # its last words say which line ended the connection
            message += f": {self.evidence.how_it_ended()}" if self.program.exit_code or self.program.exits or self.program.crash else ""
        failure = self.evidence.failure(message, should, member, offset=offset, closed=self.in_time)
        connection = next((one for one in self.program.last_connections if one["peer"] == member.port), {"closed_at": ()})
        sends = [] if offset is None else self.evidence.own_file_first(self.evidence.spots(self.evidence.sender(member, offset), f"sends this to {member}"))
        failure.where = unique(self.evidence.where_it_failed() + sends + self._cut_off() + self.keeps_it
                               + failure.where + self.evidence.spots(connection["closed_at"], f"ends {member}'s connection", "called from here"))
        return failure

    def _cut_off(self):
        """The places of the threads that still ran when the program ended, and where they were started."""
        return [spot for thread in self.program.left if not thread["main"]
                for spot in self.evidence.spots(thread["places"][:1], "a thread was stopped here, in the middle, when the program ended")
                + self.evidence.spots(thread["started_at"][:1], "starts a thread that the program's end did not wait for" + ": a daemon thread" * thread["daemon"])]

    def _at(self, thread):
        return f", at {place(thread['places'])}" if thread["places"] else ""


def shortly(text):
    return repr(text) if len(text) < 40 else f"{text[:20]!r}..."


def no_daemons(server):
    """Expect that none of the server's threads, as they are now, is a daemon thread."""
    state = server.inside()

    def number(thread):
        """Of its client, the first one first: the same program is told the same each time."""
        return next((number for number, one in enumerate(state["connections"]) if thread["id"] == one["reader"] or thread["id"] in one["senders"]), len(state["connections"])), thread["name"]

    for thread in sorted(state["threads"], key=number):
        if thread["daemon"] and thread["own"]:
            whose = server.evidence.called(thread, state)
            spots = server.evidence.spots
            raise Failure(f"{whose} is a daemon thread: Python does not wait for it at the end, and stops it in the middle of whatever it does",
                          "none of the server's threads is a daemon thread",
                          unique(spots(thread["started_at"][:1], "starts a daemon thread")
                                 + spots(thread["places"][:1], "the daemon thread stands here")
                                 + spots(thread["started_at"][1:], "called from here")),
                          [("Where your server stands", server.evidence.standing(state))])
